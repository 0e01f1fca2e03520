"""Calls a server whose protos only reflection tells: client.py ADDRESS CASE.

Every message type here comes from the server, at run time. A case raises if what it sees is wrong.
"""

import socket
import sys
import threading

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

LIMIT = 15  # seconds, for what should happen at once


class Client:
    """A channel, the descriptors that its server tells, and calls by method name."""

    def __init__(self, address, **options):
        self.address = address
        self.channel = grpc.insecure_channel(address, **options)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = DescriptorPool(self.database)

    def message(self, name, fields):
        """A message of the named type, from ProtoJSON."""
        message = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))()
        return json_format.ParseDict(fields, message, descriptor_pool=self.pool)

    def method(self, path):
        """The callable for `package.Service/Method`, of the shape that its descriptor says."""
        service, _, name = path.partition("/")
        method = self.pool.FindServiceByName(service).FindMethodByName(name)
        shape = "_".join("stream" if s else "unary" for s in (method.client_streaming, method.server_streaming))
        return getattr(self.channel, shape)(
            f"/{path}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )

    def point(self, name, value):
        return self.message("proto.StreamRequest", {"pt": {"name": name, "value": value}})

    def note(self, text):
        return self.message("calls.Note", {"text": text})


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def pairs(metadata):
    return [(key, value) for key, value in metadata]


def lists_services(client):
    equal(
        list(client.database.get_services()),
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "proto.SearchService",
            "proto.StreamService",
        ],
    )


def finds_descriptors(client):
    service = client.pool.FindServiceByName("registry.Registry")
    equal([method.name for method in service.methods], ["Put"])
    entry = client.pool.FindMessageTypeByName("registry.Entry")
    equal([field.name for field in entry.fields], ["name"])
    equal(client.pool.FindFileByName("registry.proto").package, "registry")
    equal(list(client.database.FindAllExtensionNumbers("registry.Entry")), [100, 101])
    try:
        client.pool.FindMessageTypeByName("registry.Nobody")
    except KeyError:
        pass
    else:
        raise AssertionError("found a message that there is not")
    # A miss did no harm: what is there is still found.
    equal(client.pool.FindMessageTypeByName("registry.PutRequest").name, "PutRequest")


def asks_on_after_a_miss(client):
    """One reflection stream: a miss is an answer on it, and not its end."""
    symbol = "file_containing_symbol"
    extension = "file_containing_extension"
    questions = [
        {"host": "here", symbol: "registry.Nobody"},
        {"host": "here", symbol: "registry.Registry.Put"},
        {extension: {"containing_type": "registry.Entry", "extension_number": 101}},
        {extension: {"containing_type": "registry.Entry", "extension_number": 199}},
        {"file_by_filename": "nowhere.proto"},
        {"all_extension_numbers_of_type": "registry.Entry"},
    ]
    requests = [ServerReflectionRequest(**question) for question in questions]
    answers = list(ServerReflectionStub(client.channel).ServerReflectionInfo(iter(requests), timeout=LIMIT))
    equal([answer.original_request for answer in answers], requests)
    equal([answer.valid_host for answer in answers], [request.host for request in requests])

    def content(answer):
        if answer.HasField("file_descriptor_response"):
            first, *_ = answer.file_descriptor_response.file_descriptor_proto
            return FileDescriptorProto.FromString(first).name
        if answer.HasField("error_response"):
            return answer.error_response.error_code
        return list(answer.all_extension_numbers_response.extension_number)

    missing, _ = grpc.StatusCode.NOT_FOUND.value
    equal([content(a) for a in answers], [missing, "registry.proto", "registry.proto", missing, missing, [100, 101]])


def calls_every_shape(client):
    search = client.method("proto.SearchService/Search")
    answer = search(client.message("proto.SearchRequest", {"request": "gRPC"}), timeout=LIMIT)
    equal(answer.response, "gRPC Server")

    answers = client.method("proto.StreamService/List")(client.point("list", 2018), timeout=LIMIT)
    equal([(a.pt.name, a.pt.value) for a in answers], [("list", 2018 + n) for n in range(7)])

    record = client.method("proto.StreamService/Record")
    answer = record(iter([client.point("record", n) for n in range(6)]), timeout=LIMIT)
    equal((answer.pt.name, answer.pt.value), ("gRPC Stream Server: Record", 1))

    # The next request is sent only when the answer before it is here.
    turn = threading.Semaphore(0)

    def requests():
        for n in range(3):
            turn.acquire()
            yield client.point("route", n)
        turn.acquire()

    values = []
    for answer in client.method("proto.StreamService/Route")(requests(), timeout=LIMIT):
        values.append(answer.pt.value)
        turn.release()
    equal(values, [0, 1, 2, 3])


def sends_and_receives_gzip(client):
    sends_and_receives(client, grpc.Compression.Gzip)


def sends_and_receives_deflate(client):
    sends_and_receives(client, grpc.Compression.Deflate)


def sends_and_receives(client, compression):
    wire = Wire(client.address)
    zipped = Client(wire.address, compression=compression)
    search = zipped.method("proto.SearchService/Search")
    text = "compressible " * 20_000
    before = wire.sent, wire.received
    answer = search(zipped.message("proto.SearchRequest", {"request": text}), timeout=LIMIT)
    equal(answer.response, text + " Server")
    for way, count in ("requests", wire.sent - before[0]), ("responses", wire.received - before[1]):
        assert count < len(text) / 10, f"{way} are not compressed: {count} bytes for {len(text)}"

    # Streams too, message by message.
    answers = zipped.method("proto.StreamService/List")(zipped.point(text, 1), timeout=LIMIT)
    equal([(a.pt.name, a.pt.value) for a in answers], [(text, 1 + n) for n in range(7)])


def sees_headers_and_trailers(client):
    decorate = client.method("calls.Calls/Decorate")
    answer, call = decorate.with_call(client.note("tea"), metadata=[("x-sent", "over here")], timeout=LIMIT)
    equal(answer.text, "tea!")
    headers = dict(pairs(call.initial_metadata()))
    equal((headers["x-seen"], headers["x-plain"]), ("over here", "first"))
    equal(sorted(pairs(call.trailing_metadata())), [("x-last", "after tea"), ("x-raw-bin", b"\x00\x01\xff")])


def sees_a_status_with_its_trailers(client):
    try:
        client.method("calls.Calls/Refuse")(client.note("tea"), timeout=LIMIT)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
        equal(error.details(), "no tea today, ¿verdad?")
        # Headers and trailers are one here, so the name of the rule that answered is among them.
        equal([pair for pair in pairs(error.trailing_metadata()) if pair[0] != "protod-rule"], [("x-reason", "closed")])
    else:
        raise AssertionError("the call succeeded")


def sees_the_headers_of_a_failing_call(client):
    method = client.method("calls.Calls/Fail")
    call = method.future(client.note("tea"), timeout=LIMIT)
    equal([pair for pair in pairs(call.initial_metadata()) if pair[0] != "protod-rule"], [("x-request-id", "tea-1")])
    equal(call.code(), grpc.StatusCode.FAILED_PRECONDITION)
    trailers = [pair for pair in pairs(call.trailing_metadata()) if pair[0] != "grpc-status-details-bin"]
    equal(trailers, [("x-reason", "closed")])


def sees_unimplemented_for_what_nobody_serves(client):
    for path in "/calls.Calls/Nothing", "/nobody.Nowhere/Nothing":
        try:
            client.channel.unary_unary(path)(b"", timeout=LIMIT)
        except grpc.RpcError as error:
            equal(error.code(), grpc.StatusCode.UNIMPLEMENTED)
        else:
            raise AssertionError(f"{path} answered")


def reads_long_statuses_every_time(client):
    """The C core refuses headers over 16 KiB, and from 8 KiB on at random."""
    for size in [7_000, 9_000, 15_000, 20_000, 200_000]:
        request = client.message("long.Size", {"bytes": size})
        for _ in range(20):
            for name in ["Message", "Details", "AfterAMessage"]:
                error = failure(lambda: list(as_stream(client.method(f"long.Long/{name}")(request, timeout=LIMIT))))
                equal(error.code(), grpc.StatusCode.NOT_FOUND)
            for name in ["Headers", "Trailers"]:
                call = lambda: client.method(f"long.Long/{name}")(request, timeout=LIMIT)
                if size == 7_000:
                    equal(call().bytes, 1)
                    continue
                error = failure(call)
                equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                assert f"the {name.lower()} take {size // 1000}" in error.details(), error.details()
    message = failure(lambda: client.method("long.Long/Message")(request, timeout=LIMIT)).details()
    kept, _, cut = message.partition("… (cut: ")
    equal(int(cut.removesuffix(" bytes)")), 200_000 - len(kept))
    details = failure(lambda: client.method("long.Long/Details")(request, timeout=LIMIT))
    equal(details.details(), "no such thing (details left out: 1 of 2)")
    equal("grpc-status-details-bin" in dict(details.trailing_metadata()), True)


def as_stream(answer):
    return answer if hasattr(answer, "__iter__") else [answer]


def failure(call):
    """The error of a call that must fail."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"{answer!r} came")


def deadline_ends_the_call(client):
    answers = client.method("calls.Calls/Linger")(client.note("tea"), timeout=1)
    equal(next(answers).text, "tea")
    try:
        next(answers)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    else:
        raise AssertionError("the call outlived its deadline")


def cancel_ends_the_call(client):
    answers = client.method("calls.Calls/Linger")(client.note("tea"))
    equal(next(answers).text, "tea")
    answers.cancel()
    try:
        next(answers)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.CANCELLED)
    else:
        raise AssertionError("the call outlived its cancel")


class Wire:
    """A connection through which a channel reaches `address`, and that counts the bytes each way.

    grpcio hides how a message was encoded; the count cannot.
    """

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % listener.getsockname()[1]
        self.sent = self.received = 0

        def accept():
            client, _ = listener.accept()
            server = socket.create_connection((host, int(port)))
            threading.Thread(target=self.pump, args=(client, server, "sent"), daemon=True).start()
            self.pump(server, client, "received")

        threading.Thread(target=accept, daemon=True).start()

    def pump(self, source, target, count):
        while data := source.recv(65536):
            setattr(self, count, getattr(self, count) + len(data))
            target.sendall(data)


CASES = [
    lists_services,
    finds_descriptors,
    asks_on_after_a_miss,
    calls_every_shape,
    sends_and_receives_gzip,
    sends_and_receives_deflate,
    sees_headers_and_trailers,
    sees_a_status_with_its_trailers,
    sees_the_headers_of_a_failing_call,
    sees_unimplemented_for_what_nobody_serves,
    reads_long_statuses_every_time,
    deadline_ends_the_call,
    cancel_ends_the_call,
]

if __name__ == "__main__":
    address, name = sys.argv[1:]
    {case.__name__: case for case in CASES}[name](Client(address))
    print(f"{name}: ok", flush=True)
    sys.stdin.read()  # the connection stays open until the caller has seen enough
