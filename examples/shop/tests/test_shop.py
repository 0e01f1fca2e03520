"""The shop as a Python client sees it. Each test has products and orders of its own, so their order does not matter."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

KETTLE = {"sku": "kettle", "name": "A kettle", "category": "kitchen", "cents": "4500"}


@pytest.fixture
def product(shop):
    """A product that is there during one test."""
    created = shop("Catalog/CreateProduct", KETTLE)
    yield created
    shop("Catalog/DeleteProduct", {"sku": "kettle"})


@pytest.fixture
def order(shop, product):
    return shop("Orders/PlaceOrder", {"email": "ann@example.com", "lines": [{"sku": "kettle", "quantity": "2"}]})


# Products


def test_what_is_created_can_be_read(shop, product):
    created_at = product.pop("created_at")
    assert product == KETTLE
    assert abs(seconds(created_at) - time.time()) < 60
    assert shop("Catalog/GetProduct", {"sku": "kettle"}) == {**KETTLE, "created_at": created_at}


def test_a_sku_is_taken_once(shop, product):
    error = shop.fails("Catalog/CreateProduct", KETTLE)
    assert (error.code(), error.details()) == (StatusCode.ALREADY_EXISTS, "kettle is there already")


def test_a_product_comes_in_the_pages_of_its_category(shop):
    skus = [f"cup-{n}" for n in range(5)]
    for sku in skus:
        shop("Catalog/CreateProduct", {"sku": sku, "name": "A cup", "category": "cups", "cents": "900"})
    shop("Catalog/CreateProduct", {"sku": "cup-board", "name": "A board", "category": "boards", "cents": "9900"})

    pages, token = [], ""
    while not pages or token:
        page = shop("Catalog/ListProducts", {"category": "cups", "page_size": 2, "page_token": token})
        pages.append([product["sku"] for product in page["products"]])
        token = page.get("next_page_token", "")
    assert pages == [skus[:2], skus[2:4], skus[4:]]

    everything = shop("Catalog/ListProducts", {"page_size": 100})
    assert {"cup-board", *skus} <= {product["sku"] for product in everything["products"]}
    assert "next_page_token" not in everything


def test_a_page_that_was_not_given_is_refused(shop):
    error = shop.fails("Catalog/ListProducts", {"page_token": "the next one"})
    assert error.code() == StatusCode.INVALID_ARGUMENT


def test_a_category_without_products_is_an_empty_page(shop):
    assert shop("Catalog/ListProducts", {"category": "cars", "page_size": 10}) == {}


def test_an_update_changes_what_it_names(shop, product):
    dearer = shop("Catalog/UpdateProduct", {"sku": "kettle", "cents": "5000"})
    assert dearer == {**product, "cents": "5000"}
    renamed = shop("Catalog/UpdateProduct", {"sku": "kettle", "name": "The kettle"})
    assert renamed == {**dearer, "name": "The kettle"}
    assert shop("Catalog/GetProduct", {"sku": "kettle"}) == renamed


def test_what_is_deleted_is_gone(shop):
    shop("Catalog/CreateProduct", {**KETTLE, "sku": "pot"})
    assert shop("Catalog/DeleteProduct", {"sku": "pot"}) == {}
    for method in "GetProduct", "UpdateProduct", "DeleteProduct":
        error = shop.fails(f"Catalog/{method}", {"sku": "pot"})
        assert (error.code(), error.details()) == (StatusCode.NOT_FOUND, "no product pot"), method


# What holds for all methods


@pytest.mark.parametrize(
    "method, request_, broken",
    [
        ("Catalog/CreateProduct", {**KETTLE, "sku": "Kettle!"}, "sku"),
        ("Catalog/CreateProduct", {**KETTLE, "sku": "free", "cents": "0"}, "cents"),
        ("Catalog/ListProducts", {"page_size": 101}, "page_size"),
        ("Orders/PlaceOrder", {"email": "ann", "lines": [{"sku": "kettle", "quantity": "1"}]}, "email"),
        ("Orders/PlaceOrder", {"email": "ann@example.com"}, "lines"),
        ("Orders/PlaceOrder", {"email": "ann@example.com", "lines": [{"sku": "kettle"}]}, "lines[0].quantity"),
    ],
)
def test_the_rules_of_the_proto_hold(shop, method, request_, broken):
    error = shop.fails(method, request_)
    assert error.code() == StatusCode.INVALID_ARGUMENT
    assert error.details().startswith(f"{broken}: ")


@pytest.mark.parametrize("token", [None, "Bearer coffee"])
def test_every_method_asks_for_a_token(shop, token):
    message = "send authorization: Bearer TOKEN"
    for method in "Catalog/ListProducts", "Orders/PayOrder", "Orders/WatchOrder":
        error = shop.fails(method, token=token)
        assert (error.code(), error.details()) == (StatusCode.UNAUTHENTICATED, message), method
    for method in "Support/UploadPhoto", "Support/Chat":
        error = shop.fails(method, iter([]), token=token)
        assert (error.code(), error.details()) == (StatusCode.UNAUTHENTICATED, message), method


def test_health_and_reflection_ask_for_none(shop):
    # All messages of these tests come by reflection, without a token.
    serving = shop.channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
    assert serving == b"\x08\x01"


def test_everything_takes_a_while(shop):
    begin = time.monotonic()
    shop("Catalog/ListProducts", {"page_size": 1})
    assert time.monotonic() - begin >= 0.01


# Orders


def test_an_order_is_kept_with_its_total(shop, order):
    assert seconds(order["placed_at"]) <= time.time() + 60
    kept = {**order}
    del kept["id"], kept["placed_at"]
    assert kept == {
        "email": "ann@example.com",
        "lines": [{"sku": "kettle", "quantity": "2"}],
        "total_cents": "9000",
        "status": "PLACED",
    }
    assert shop("Orders/GetOrder", {"id": order["id"]}) == order


def test_orders_have_numbers_of_their_own(shop, product):
    request = {"email": "bob@example.com", "lines": [{"sku": "kettle", "quantity": "1"}]}
    with ThreadPoolExecutor(8) as threads:
        orders = list(threads.map(lambda _: shop("Orders/PlaceOrder", request), range(16)))
    assert len({order["id"] for order in orders}) == 16


def test_what_is_not_sold_cannot_be_ordered(shop, product):
    lines = [{"sku": "kettle", "quantity": "1"}, {"sku": "piano", "quantity": "1"}]
    error = shop.fails("Orders/PlaceOrder", {"email": "ann@example.com", "lines": lines})
    assert (error.code(), error.details()) == (StatusCode.FAILED_PRECONDITION, "not for sale: piano")


@pytest.mark.parametrize("method", ["GetOrder", "PayOrder", "CancelOrder", "WatchOrder"])
def test_an_order_that_is_not_there(shop, method):
    error = shop.fails(f"Orders/{method}", {"id": "1000000"})
    assert (error.code(), error.details()) == (StatusCode.NOT_FOUND, "no order 1000000")


def test_paying_fails_twice_for_each_order(shop, product, order):
    for other in order, shop("Orders/PlaceOrder", {"email": "bob@example.com", "lines": order["lines"]}):
        for _ in range(2):
            error = shop.fails("Orders/PayOrder", {"id": other["id"]})
            assert (error.code(), error.details()) == (StatusCode.UNAVAILABLE, "the bank is busy")
        paid = shop("Orders/PayOrder", {"id": other["id"]})
        assert paid == {**other, "status": "PAID"}
        assert shop("Orders/GetOrder", {"id": other["id"]}) == paid


def test_a_cancelled_order_cannot_be_paid(shop, order):
    assert shop("Orders/CancelOrder", {"id": order["id"]}) == {**order, "status": "CANCELLED"}
    error = shop.fails("Orders/PayOrder", {"id": order["id"]})
    assert (error.code(), error.details()) == (StatusCode.FAILED_PRECONDITION, f"order {order['id']} is CANCELLED")


def test_an_order_is_watched_until_the_client_cancels(shop, order):
    updates = shop("Orders/WatchOrder", {"id": order["id"]})
    first = next(updates)
    assert first["order"] == order
    shop("Orders/CancelOrder", {"id": order["id"]})
    second = next(updates)
    assert second["order"]["status"] == "CANCELLED"
    # By the clock of the server. A busy machine may be late, but never early.
    assert 1.99 <= seconds(second["at"]) - seconds(first["at"]) < 10
    updates.cancel()
    assert updates.code() == StatusCode.CANCELLED


# Support


def test_an_upload_is_counted(shop):
    # 48 KiB in base64, as JSON has bytes.
    chunks = [{"data": "AAAA" * 16384}] * 5 + [{"data": "AAAA"}]
    assert shop("Support/UploadPhoto", iter(chunks)) == {"bytes": str(5 * 49152 + 3), "chunks": 6}
    assert shop("Support/UploadPhoto", iter([])) == {}


def test_a_chunk_of_an_upload_has_a_size(shop):
    error = shop.fails("Support/UploadPhoto", iter([{"data": "AAAA"}, {"data": "AAAA" * 30000}]))
    assert error.code() == StatusCode.INVALID_ARGUMENT


def test_a_chat_remembers_what_was_said(shop):
    answers = shop("Support/Chat", ({"text": text} for text in ["My kettle leaks.", "It is new.", "What did I say?"]))
    assert [answer["text"] for answer in answers] == [
        "Hello! How can I help?",
        "Go on.",
        "Go on.",
        "You said: My kettle leaks. It is new.",
        "Bye! I noted 2.",
    ]


def seconds(text):
    timestamp = Timestamp()
    timestamp.FromJsonString(text)
    return timestamp.ToNanoseconds() / 1e9
