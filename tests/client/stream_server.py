"""The tutorial's StreamService on grpcio with reflection (v1alpha), from a descriptor set: stream_server.py SET
[Gzip|Deflate].

With a compression it compresses every answer, whatever the client announces. Prints its port. A call with the metadata x-fail ends with NOT_FOUND, details and a trailer.
"""

import sys
from concurrent import futures

import grpc
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection

SERVICE = "proto.StreamService"

with open(sys.argv[1], "rb") as file:
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)
Request = message_factory.GetMessageClass(pool.FindMessageTypeByName("proto.StreamRequest"))
Response = message_factory.GetMessageClass(pool.FindMessageTypeByName("proto.StreamResponse"))


def response(name, value):
    return Response(pt={"name": name, "value": value})


def bytes_field(number, value):
    return bytes([number << 3 | 2, len(value)]) + value


def status_details(code, message, detail):
    """A google.rpc.Status, by hand: its Python package is one more to install."""
    return bytes([1 << 3, code]) + bytes_field(2, message) + bytes_field(3, detail.SerializeToString())


def fail_if_asked(context):
    metadata = dict(context.invocation_metadata())
    if "x-fail" in metadata:
        detail = any_pb2.Any()
        detail.Pack(Request(pt={"name": metadata["x-fail"], "value": 7}))
        details = status_details(5, b"no such stream", detail)
        context.set_trailing_metadata((("grpc-status-details-bin", details), ("x-why", "asked to")))
        context.abort(grpc.StatusCode.NOT_FOUND, "no such stream")


def list_(request, context):
    fail_if_asked(context)
    for n in range(7):
        yield response(request.pt.name, request.pt.value + n)


def record(requests, context):
    for _ in requests:
        pass
    return response("gRPC Stream Server: Record", 1)


def route(requests, context):
    n = 0
    yield response("gPRC Stream Client: Route", n)
    for _ in requests:
        n += 1
        yield response("gPRC Stream Client: Route", n)


def coded(handler, behaviour):
    return handler(
        behaviour,
        request_deserializer=Request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


compression = getattr(grpc.Compression, sys.argv[2] if len(sys.argv) > 2 else "NoCompression")
server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), compression=compression)
handlers = {
    "List": coded(grpc.unary_stream_rpc_method_handler, list_),
    "Record": coded(grpc.stream_unary_rpc_method_handler, record),
    "Route": coded(grpc.stream_stream_rpc_method_handler, route),
}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server, pool=pool)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
