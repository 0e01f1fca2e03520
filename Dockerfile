# Builds protod and puts it into a small image without a shell:
#
#   docker build -t protod .
#   docker run --rm -p 9002:9002 -v "$PWD/proto:/proto:ro" protod
FROM rust:1.91-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked --bin protod

# The C library, the root certificates, and an unprivileged user.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/dist/protod /usr/local/bin/protod
USER nonroot
ENV PROTOD_ADDR=0.0.0.0:9002
EXPOSE 9002
# It uses reflection and plain text. With --no-reflection or TLS, give your own check.
HEALTHCHECK CMD ["protod", "call", "localhost:9002", "grpc.health.v1.Health/Check"]
# A list, so that protod itself gets the signals.
ENTRYPOINT ["protod"]
CMD ["serve", "/proto"]
