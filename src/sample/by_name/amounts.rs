//! Numbers and truth values that a field's name suggests.
//!
//! A name is matched by its last words: `unit_price` is a price, `created_at_ms` a time in milliseconds.

use super::hint::NameHint;
use super::moments;
use crate::sample::seed::Random;

/// An integer that suits the name: 1 to 1000 if the name suggests nothing.
pub(in crate::sample) fn integer(hint: &NameHint<'_>, random: &mut Random) -> i128 {
    if let Some(time) = unix_time(hint, random) {
        return time;
    }
    let (low, high) = match hint.words() {
        name if name.ends_with(&["page", "size"]) => (10, 100),
        name if name.ends_with(&["status", "code"]) => (200, 200),
        name => match name.last() {
            "id" => (1, 99_999),
            "age" => (18, 90),
            "year" => (1990, 2030),
            "month" => (1, 12),
            "day" => (1, 28),
            "hour" | "hours" => (0, 23),
            "minute" | "minutes" => (0, 59),
            "second" | "seconds" => (1, 59),
            "nanos" => (1_000_000, 999_000_000),
            "port" => (1024, 65_535),
            "lat" | "latitude" => (-90, 90),
            "lng" | "lon" | "long" | "longitude" => (-180, 180),
            "rating" | "stars" => (1, 5),
            "code" => (1, 16),
            "page" | "version" | "revision" | "priority" | "level" | "rank" => (1, 10),
            "percent" | "percentage" | "count" | "size" | "total" | "quantity" | "qty" | "number"
            | "limit" | "index" | "offset" => (1, 100),
            "cents" | "price" | "amount" | "cost" | "balance" | "salary" | "fee" => (100, 100_000),
            "bytes" | "length" => (1024, 10_485_760),
            "width" | "height" => (16, 2048),
            "ms" | "millis" | "milliseconds" => (1, 5000),
            _ => (1, 1000),
        },
    };
    random.between(low, high)
}

/// A number that suits the name: 0 to 1000 with two decimal places if the name suggests nothing.
pub(in crate::sample) fn float(hint: &NameHint<'_>, random: &mut Random) -> f64 {
    let (low, high, places) = match hint.words().last() {
        "lat" | "latitude" => (-90.0, 90.0, 6),
        "lng" | "lon" | "long" | "longitude" => (-180.0, 180.0, 6),
        "percent" | "percentage" => (0.0, 100.0, 1),
        "ratio" | "rate" | "score" | "probability" | "confidence" | "weight" | "alpha" | "red" | "green"
        | "blue" => (0.0, 1.0, 3),
        "rating" | "stars" => (1.0, 5.0, 1),
        "temperature" => (-10.0, 35.0, 1),
        "age" => (18.0, 90.0, 0),
        _ => (0.0, 1000.0, 2),
    };
    let scale = 10_f64.powi(places);
    ((low + (high - low) * random.fraction()) * scale).round() / scale
}

/// Whether `true` suits the name. Random if the name suggests nothing.
pub(in crate::sample) fn boolean(hint: &NameHint<'_>, random: &mut Random) -> bool {
    match hint.words().last() {
        "success" | "ok" | "enabled" | "active" | "available" | "valid" | "verified" | "healthy" => true,
        "deleted" | "disabled" | "archived" | "error" | "failed" | "expired" | "revoked" | "more" => false,
        _ => random.flip(),
    }
}

/// Seconds, milliseconds, … since 1970, if the name is that of a point in time.
fn unix_time(hint: &NameHint<'_>, random: &mut Random) -> Option<i128> {
    let words = hint.words();
    let (moment, per_second) = match words.last() {
        "ms" | "millis" | "milliseconds" => (words.but_last(), 1_000),
        "us" | "micros" | "microseconds" => (words.but_last(), 1_000_000),
        "ns" | "nanos" | "nanoseconds" => (words.but_last(), 1_000_000_000),
        "seconds" | "secs" | "sec" | "unix" | "epoch" => (words.but_last(), 1),
        _ => (words, 1),
    };
    moments::is_moment(&moment).then(|| i128::from(moments::moment(&moment, random)) * per_second)
}
