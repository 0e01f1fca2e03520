//! What is verified, when it is known, and what a failure shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use protod::{CallFilter, Verify};
use tokio::time::timeout;

use super::support::{HANG, Shop};

const BUY: &str = "shop.Shop/Buy";

fn teas() -> Verify {
    Verify::method(BUY).where_("request.name == 'tea'")
}

#[tokio::test]
async fn so_many_calls_have_come_or_have_not() {
    let shop = Shop::open().await;
    for (count, name) in [(1, "tea"), (2, "tea"), (1, "cake")] {
        drop(shop.buy(&format!(r#"{{"name":"{name}","count":{count}}}"#)).await);
    }
    for (verify, holds) in [
        (teas(), true),
        (teas().exactly(2), true),
        (teas().exactly(1), false),
        (teas().exactly(3), false),
        (teas().at_least(2), true),
        (teas().at_least(3), false),
        (teas().at_most(2), true),
        (teas().at_most(1), false),
        (teas().never(), false),
        (teas().where_("request.count == 2").exactly(1), true),
        (Verify::method(BUY).where_("request.name == 'milk'").never(), true),
        (Verify::method("shop.Shop/Talk").never(), true),
        (Verify::method("shop.Shop/Talk").exactly(0), true),
        (Verify::calls(CallFilter::all()).exactly(3), true),
        (
            Verify::calls(CallFilter::all().where_("call.code == 'NOT_FOUND'")).exactly(1),
            true,
        ),
    ] {
        let shown = format!("{verify:?}");
        let verified = shop.server.verify(verify).await;
        assert_eq!(verified.is_ok(), holds, "{shown}: {verified:?}");
    }
}

#[tokio::test]
async fn a_failure_shows_the_calls_that_came_nearest_and_their_first_difference() {
    let shop = Shop::open().await;
    let none = shop
        .server
        .verify(teas())
        .await
        .expect_err("none came")
        .to_string();
    assert_eq!(
        none,
        "expected at least 1 call of shop.Shop/Buy where request.name == 'tea', and none came\nno other call has come"
    );
    for json in [
        r#"{"name":"cake","count":1}"#,
        r#"{"name":"tea","count":1}"#,
        r#"{"name":"coffee"}"#,
    ] {
        drop(shop.buy(json).await);
    }
    let two = Verify::method(BUY).where_("request.name == 'tea' && request.count == 2");
    let error = shop
        .server
        .verify(two.exactly(1))
        .await
        .expect_err("another count");
    assert_eq!(error.found(), 0);
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        lines[..4],
        [
            "expected exactly 1 call of shop.Shop/Buy where request.name == 'tea' && request.count == 2, and none came",
            "the nearest other calls:",
            "  #2 shop.Shop/Buy OK, by rule tea: `request.count == 2` does not hold: request.count is 1",
            r#"     request {"name":"tea","count":1}"#,
        ]
    );
    assert!(
        lines[4].contains(r#"`request.name == 'tea'` does not hold: request.name is "coffee""#),
        "{lines:?}"
    );
    let never = shop
        .server
        .verify(teas().never())
        .await
        .expect_err("one came")
        .to_string();
    assert_eq!(
        never,
        "expected no call of shop.Shop/Buy where request.name == 'tea', and 1 came\nthis one came:\n  \
         #2 shop.Shop/Buy OK, by rule tea\n     request {\"name\":\"tea\",\"count\":1}"
    );
}

#[tokio::test]
async fn the_nearest_calls_are_of_the_method_that_is_meant_however_many_others_came() {
    let shop = Shop::open().await;
    let failure = async |verify: Verify| shop.server.verify(verify).await.expect_err("not so").to_string();
    let health = "POST /grpc.health.v1.Health/Check HTTP/1.1\r\ncontent-type: application/json";
    let checked = shop.http(health, "{}").await;
    assert!(checked.starts_with("HTTP/1.1 200 "), "{checked}");
    let none = failure(teas()).await;
    assert!(none.ends_with("and none came\nno other call has come"), "{none}");
    let client = shop.client().await;
    let (_, watched) = Shop::call(&client, "Watch", &["{}"], &[]).await;
    watched.expect("OK");
    let other = failure(teas()).await;
    assert!(
        other.contains("it is a call of shop.Shop/Watch, not shop.Shop/Buy"),
        "{other}"
    );
    drop(shop.buy(r#"{"name":"cake"}"#).await);
    for _ in 0..1001 {
        let (_, watched) = Shop::call(&client, "Watch", &["{}"], &[]).await;
        watched.expect("OK");
    }
    let cake = failure(teas()).await;
    assert!(
        cake.contains(r#"request.name is "cake""#) && !cake.contains("Watch"),
        "{cake}"
    );
    let two = failure(Verify::method(BUY).exactly(2)).await;
    assert!(
        two.contains("and 1 came\nthis one came:\n") && !two.contains("Watch"),
        "{two}"
    );
}

#[tokio::test]
async fn it_waits_no_longer_than_it_must() {
    let shop = Arc::new(Shop::open().await);
    let waiting = {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move { shop.server.verify(teas().exactly(2).within(HANG)).await })
    };
    let began = Instant::now();
    for name in ["tea", "cake", "tea"] {
        assert!(!waiting.is_finished());
        drop(shop.buy(&format!(r#"{{"name":"{name}"}}"#)).await);
    }
    waiting.await.expect("no panic").expect("two came");
    // More than there may be is known at once.
    let error = shop
        .server
        .verify(teas().at_most(1).within(HANG))
        .await
        .expect_err("two came");
    assert_eq!(error.found(), 2);
    assert!(began.elapsed() < HANG);
    // That no more come is known when the time is over.
    let short = Duration::from_millis(200);
    let began = Instant::now();
    shop.server
        .verify(teas().at_most(2).within(short))
        .await
        .expect("no more came");
    assert!(began.elapsed() >= short);
    let began = Instant::now();
    shop.server
        .verify(teas().at_least(3).within(short))
        .await
        .expect_err("two came");
    assert!(began.elapsed() >= short);
}

#[tokio::test]
async fn calls_come_in_an_order() {
    let shop = Shop::open().await;
    for name in ["tea", "cake", "coffee"] {
        drop(shop.buy(&format!(r#"{{"name":"{name}"}}"#)).await);
    }
    let of = |name: &str| CallFilter::method(BUY).where_(format!("request.name == '{name}'"));
    let in_order = |names: &[&str]| Verify::in_order(names.iter().map(|name| of(name)).collect::<Vec<_>>());
    for names in [
        vec!["tea"],
        vec!["tea", "cake"],
        vec!["tea", "coffee"],
        vec!["tea", "cake", "coffee"],
        vec![],
    ] {
        shop.server
            .verify(in_order(&names))
            .await
            .unwrap_or_else(|error| panic!("{names:?}: {error}"));
    }
    let error = shop
        .server
        .verify(in_order(&["cake", "tea", "coffee"]))
        .await
        .expect_err("not so");
    assert_eq!(error.found(), 1);
    let text = error.to_string();
    assert_eq!(
        text.lines().take(6).collect::<Vec<_>>(),
        [
            "expected calls in this order:",
            "  1. shop.Shop/Buy where request.name == 'cake': came",
            "  2. shop.Shop/Buy where request.name == 'tea': did not come after that",
            "  3. shop.Shop/Buy where request.name == 'coffee': was not looked for",
            "the nearest other call:",
            "  #3 shop.Shop/Buy UNIMPLEMENTED: `request.name == 'tea'` does not hold: request.name is \"coffee\"",
        ]
    );
    let many = shop.server.verify(in_order(&["tea"; 65])).await;
    let many = many.expect_err("there are too many");
    assert!(
        many.to_string().ends_with("there are 65, and may be up to 64"),
        "{many}"
    );
    let waiting = in_order(&["coffee", "tea"]).within(HANG);
    let (verified, bought) = tokio::join!(shop.server.verify(waiting), shop.buy(r#"{"name":"tea"}"#));
    bought.expect("OK");
    verified.expect("it came after that");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_call_is_lost_and_none_is_counted_twice() {
    let shop = Arc::new(Shop::open().await);
    let client = shop.client().await;
    let all = teas().exactly(1000).within(HANG);
    let others = Verify::method(BUY)
        .where_("request.name == 'cake'")
        .exactly(1000)
        .within(HANG);
    let calls = async {
        let calls = (0..20).map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    Shop::call(&client, "Buy", &[r#"{"name":"tea"}"#], &[])
                        .await
                        .1
                        .expect("OK");
                    Shop::call(&client, "Buy", &[r#"{"name":"cake"}"#], &[])
                        .await
                        .1
                        .expect_err("none left");
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.expect("no panic");
        }
    };
    let (teas_came, cakes_came, ()) =
        tokio::join!(shop.server.verify(all), shop.server.verify(others), calls);
    teas_came.expect("as many as were sent");
    cakes_came.expect("as many as were sent");
    shop.server.verify(teas().exactly(1000)).await.expect("no more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_its_time_is_over_though_calls_never_cease() {
    let shop = Arc::new(Shop::open().await);
    let client = shop.client().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = (0..8).map(|_| {
        let (client, is_over) = (client.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let (_, bought) = Shop::call(&client, "Buy", &[r#"{"name":"tea"}"#], &[]).await;
                bought.expect("OK");
            }
        })
    });
    let calls: Vec<_> = calls.collect();
    let of = |name: &str| CallFilter::method(BUY).where_(format!("request.name == '{name}'"));
    let short = Duration::from_millis(500);
    for (verify, is_fulfilled) in [
        (Verify::calls(of("cake")).never(), true),
        (Verify::calls(of("cake")).exactly(1), false),
        (Verify::calls(of("tea")).at_most(u64::MAX), true),
        (Verify::in_order([of("tea"), of("cake")]), false),
        (Verify::in_order([of("cake"), of("tea")]), false),
    ] {
        let verified = timeout(HANG, shop.server.verify(verify.clone().within(short))).await;
        let verified = verified.unwrap_or_else(|_| panic!("{verify:?} never ends"));
        assert_eq!(verified.is_ok(), is_fulfilled, "{verify:?}: {verified:?}");
    }
    is_over.store(true, Ordering::Relaxed);
    for call in calls {
        call.await.expect("no panic");
    }
}

#[tokio::test]
async fn what_conditions_cost_is_bounded_for_all_calls_and_filters_together() {
    let shop = Arc::new(Shop::open().await);
    for _ in 0..4 {
        drop(shop.buy(r#"{"name":"tea"}"#).await);
    }
    // More than half of what one evaluation may cost.
    let costly = "repeat(request.name, 2600000).size() > 0";
    let filter = || CallFilter::method(BUY).where_(costly);
    let twice = Verify::in_order([filter(), filter()]);
    shop.server.verify(twice).await.expect("more came");
    let often = Verify::in_order(std::iter::repeat_with(filter).take(64));
    let error = shop.server.verify(often).await.expect_err("it costs too much");
    assert!(error.cause().is_some(), "{error}");
    assert!(error.to_string().contains("its conditions cost more"), "{error}");
    // So it is of calls that end while it waits.
    let waiting = {
        let (shop, many) = (Arc::clone(&shop), Verify::calls(filter()).at_least(u64::MAX));
        tokio::spawn(async move { shop.server.verify(many.within(10 * HANG)).await })
    };
    let ended = async {
        while !waiting.is_finished() {
            drop(shop.buy(r#"{"name":"tea"}"#).await);
        }
    };
    timeout(HANG, ended).await.expect("it gives up");
    let error = waiting.await.expect("no panic").expect_err("it costs too much");
    assert!(error.cause().is_some(), "{error}");
}

#[tokio::test]
async fn what_cannot_be_verified_says_why() {
    let shop = Shop::open().await;
    let wrong = Verify::method(BUY).where_("request.nam == 'tea'");
    let error = shop.server.verify(wrong).await.expect_err("no such field");
    assert!(error.cause().is_some_and(protod::Error::is_condition));
    assert!(error.to_string().contains("has no field `nam`"), "{error}");
    let server = protod::Server::builder(super::support::schema())
        .build()
        .expect("it fits");
    let error = server.verify(teas()).await.expect_err("no journal");
    assert!(error.to_string().contains("keeps no journal"), "{error}");
}
