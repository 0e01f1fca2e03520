//! The console in Chromium, as its users see and steer it: by mouse and keys, in light and dark, wide and narrow. Screenshots are
//! kept in target/console.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::broker::Brokers;
use crate::programs::browser;

/// Browsers take long to start, and longer where several start.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// How long a case may take.
const LIMIT: Duration = Duration::from_secs(320);

/// Runs one case of `console.js`, which starts its own server. The script throws if something is wrong.
async fn case(name: &str) {
    case_of("console.js", "-", name).await;
}

/// The same of `console_fleet.js`, whose servers share a store.
async fn case_of_fleet(store: &str, name: &str) {
    case_of("console_fleet.js", store, name).await;
}

async fn case_of(script: &str, store: &str, name: &str) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let said = browser(script).prints_within(LIMIT, [store, name]).await;
    assert_eq!(said, format!("{name}: ok\n"));
}

#[tokio::test]
async fn each_view_is_accessible_in_a_wide_window_in_light() {
    case("views_at_1600_in_light").await;
}

#[tokio::test]
async fn each_view_is_accessible_in_a_narrow_window_in_dark() {
    case("views_at_360_in_dark").await;
    case("views_at_900_in_dark").await;
}

#[tokio::test]
async fn a_call_is_read_and_made_again_by_keys() {
    case("a_call_is_read_and_made_again_by_keys").await;
}

#[tokio::test]
async fn calls_are_filtered_and_held() {
    case("calls_are_filtered_and_held").await;
}

#[tokio::test]
async fn a_rule_is_mended_in_the_editor() {
    case("a_rule_is_mended_in_the_editor").await;
}

#[tokio::test]
async fn a_session_is_chosen_for_all_views() {
    case("a_session_is_chosen_for_all_views").await;
}

#[tokio::test]
async fn a_collection_is_browsed_exported_imported_and_cleared() {
    case("a_collection_is_browsed_exported_imported_and_cleared").await;
}

#[tokio::test]
async fn the_fleet_is_seen_while_its_broker_is_there() {
    let mut brokers = Brokers::one();
    case_of_fleet(&brokers.url(), "a_fleet_is_seen").await;
    brokers.kill(0);
    case_of_fleet(&brokers.url(), "a_broker_that_is_away_is_told").await;
}

#[tokio::test]
async fn messages_are_pushed_into_an_open_stream() {
    case("messages_are_pushed_into_an_open_stream").await;
}

#[tokio::test]
async fn methods_of_all_shapes_are_called() {
    case("methods_of_all_shapes_are_called").await;
}

#[tokio::test]
async fn types_are_links() {
    case("types_are_links").await;
}

#[tokio::test]
async fn the_token_is_asked_for_once() {
    case("the_token_is_asked_for_once").await;
}

#[tokio::test]
async fn a_server_that_is_started_again_is_found() {
    case("a_server_that_is_started_again_is_found").await;
}

#[tokio::test]
async fn many_calls_and_long_messages_are_shown() {
    case("many_calls_and_long_messages_are_shown").await;
}
