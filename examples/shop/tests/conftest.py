"""Starts the shop for the tests, and calls it with the protos that it tells by reflection: nothing is generated."""

import os
import subprocess
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

FOLDER = Path(__file__).parent.parent
LIMIT = 20  # seconds, for each call


class Shop:
    """Calls by name, with requests and responses as in JSON."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def __call__(self, method, request=None, token="Bearer tea"):
        """The response of `Service/Method`; for one that streams, an iterator. A stream of requests is an iterator, too."""
        service, name = method.split("/")
        of = self.pool.FindServiceByName(f"shop.{service}").FindMethodByName(name)
        shape = "_".join("stream" if streams else "unary" for streams in (of.client_streaming, of.server_streaming))
        call = getattr(self.channel, shape)(
            f"/shop.{method}",
            request_serializer=lambda fields: self.message(of.input_type, fields).SerializeToString(),
            response_deserializer=lambda data: fields_of(self.message(of.output_type, {}).FromString(data)),
        )
        metadata = [("authorization", token)] if token else []
        return call({} if request is None else request, metadata=metadata, timeout=LIMIT)

    def message(self, message_type, fields):
        return json_format.ParseDict(fields, message_factory.GetMessageClass(message_type)())

    def fails(self, *call, **options):
        """The error of a call, which must fail; a stream may have answers before."""
        with pytest.raises(grpc.RpcError) as raised:
            list(self(*call, **options))
        return raised.value


def fields_of(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.fixture(scope="session")
def address():
    """One server for all tests, on a port that is free. It stops when its stdin ends, however the tests do."""
    command = [os.environ.get("PROTOD_BIN", "protod"), "serve", "--validate", FOLDER]
    server = subprocess.Popen(
        [*command, "--addr", "127.0.0.1:0", "--exit-on-stdin-eof"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = server.stderr.readline()
    assert first.startswith("protod listening on "), first + server.stderr.read()
    yield first.split()[-1]
    server.stdin.close()
    server.stderr.read()
    assert server.wait() == 0


@pytest.fixture(scope="session")
def shop(address):
    return Shop(address)
