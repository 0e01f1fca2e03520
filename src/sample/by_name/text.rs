//! Text that a field's name suggests.
//!
//! A name is matched by its last words, in any case: `email`, `billing_email` and `contactEmail` are all email addresses.
//! Addresses, hosts and telephone numbers come from the ranges that are reserved for examples, so that they never belong
//! to anyone.

use fake::Fake;
use fake::faker::{address, company, currency, filesystem, internet, job, lorem};
use prost_reflect::MessageDescriptor;

use super::hint::{NameHint, Words};
use super::{moments, people};
use crate::sample::annotations::extension;
use crate::sample::formats;
use crate::sample::seed::Random;

/// Text that suits the field: a short word if its name suggests nothing. Page tokens are empty, so that clients stop
/// asking for more pages.
pub(in crate::sample) fn text(hint: &NameHint<'_>, random: &mut Random) -> String {
    if hint.owner.full_name() == "google.type.Decimal" {
        return decimal(random);
    }
    let words = hint.words();
    if moments::is_moment(&words) {
        return moments::text(&words, random);
    }
    two_words(&words, random).unwrap_or_else(|| last_word(&words, hint, random))
}

/// Text for names that are known by their last two words.
fn two_words(words: &Words, random: &mut Random) -> Option<String> {
    let before = words.but_last();
    Some(match (before.last(), words.last()) {
        ("first" | "given", "name") => people::first_name(random),
        ("last" | "family", "name") => people::last_name(random),
        ("user" | "login" | "screen", "name") => people::username(random),
        ("company" | "organization" | "org", "name") => {
            company::en::CompanyName().fake_with_rng(&mut random.0)
        }
        ("city", "name") => people::city(random),
        ("country", "name") => address::en::CountryName().fake_with_rng(&mut random.0),
        ("state" | "province", "name") => address::en::StateName().fake_with_rng(&mut random.0),
        ("street", "name") => people::street(random),
        ("file", "name") => filesystem::en::FileName().fake_with_rng(&mut random.0),
        ("host" | "domain", "name") => formats::hostname(random),
        ("product" | "item" | "brand" | "project" | "team" | "group" | "service", "name") => title(random, 2),
        ("email" | "mail", "address") => people::email(random),
        ("ip", "address") => formats::ipv4(random),
        ("mac", "address") => internet::en::MACAddress().fake_with_rng(&mut random.0),
        ("user", "agent") => internet::en::UserAgent().fake_with_rng(&mut random.0),
        ("job", "title") => job::en::Title().fake_with_rng(&mut random.0),
        ("time", "zone") => address::en::TimeZone().fake_with_rng(&mut random.0),
        ("country" | "region", "code") => address::en::CountryCode().fake_with_rng(&mut random.0),
        ("postal" | "zip" | "post", "code") => postcode(random),
        ("currency", "code") => currency::en::CurrencyCode().fake_with_rng(&mut random.0),
        ("language", "code") => language(random),
        ("mime" | "content" | "media", "type") => mime_type(random),
        ("page", "token") => String::new(),
        ("image" | "photo" | "avatar" | "picture" | "icon", "url" | "uri") => image(random),
        ("created" | "updated" | "modified" | "deleted", "by") => people::full_name(random),
        _ => return None,
    })
}

fn last_word(words: &Words, hint: &NameHint<'_>, random: &mut Random) -> String {
    match words.last() {
        "name" => own_name(hint, random),
        "email" | "mail" => people::email(random),
        "firstname" | "forename" => people::first_name(random),
        "lastname" | "surname" => people::last_name(random),
        "fullname" | "author" | "assignee" | "recipient" | "sender" => people::full_name(random),
        "username" | "login" | "handle" | "nickname" => people::username(random),
        "company" | "organization" | "organisation" | "employer" | "vendor" | "supplier" => {
            company::en::CompanyName().fake_with_rng(&mut random.0)
        }
        "profession" | "occupation" | "position" => job::en::Title().fake_with_rng(&mut random.0),
        "phone" | "mobile" | "telephone" | "cell" | "fax" => phone(random),
        "number" if words.contains("phone") || words.contains("e164") => phone(random),
        "url" | "uri" | "link" | "website" | "homepage" | "webhook" | "callback" | "href" => {
            formats::uri(random)
        }
        "image" | "photo" | "avatar" | "picture" | "thumbnail" => image(random),
        "host" | "hostname" | "domain" => formats::hostname(random),
        "ip" | "ipv4" => formats::ipv4(random),
        "ipv6" => formats::ipv6(random),
        "mac" => internet::en::MACAddress().fake_with_rng(&mut random.0),
        "id" | "uuid" | "guid" => formats::uuid(random),
        "city" | "town" | "locality" => people::city(random),
        "country" => address::en::CountryName().fake_with_rng(&mut random.0),
        "province" => address::en::StateName().fake_with_rng(&mut random.0),
        "street" | "line1" => street(random),
        "address" => {
            let street = street(random);
            format!("{street}, {}", people::city(random))
        }
        "zip" | "zipcode" | "postcode" => postcode(random),
        "lat" | "latitude" => format!("{:.6}", random.fraction() * 180.0 - 90.0),
        "lng" | "lon" | "longitude" => format!("{:.6}", random.fraction() * 360.0 - 180.0),
        "timezone" | "tz" => address::en::TimeZone().fake_with_rng(&mut random.0),
        "language" | "lang" => language(random),
        "locale" => one_of(
            random,
            &["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "ja-JP", "pt-BR"],
        ),
        "currency" => currency::en::CurrencyCode().fake_with_rng(&mut random.0),
        "price" | "amount" | "cost" | "balance" => decimal(random),
        "color" | "colour" => format!("#{:06x}", random.between(0, 0xff_ffff)),
        "title" | "subject" | "headline" => title(random, 3),
        "description" | "summary" | "content" | "body" | "text" | "bio" | "comment" | "note" | "message"
        | "details" | "reason" => lorem::en::Sentence(4..9).fake_with_rng(&mut random.0),
        "slug" => format!("{}-{}", random.word(), random.word()),
        "token" | "secret" | "password" | "signature" | "nonce" => formats::hex(random, 32),
        "key" if words.contains("api") => formats::hex(random, 32),
        "hash" | "checksum" | "digest" | "etag" | "fingerprint" | "sha" | "sha256" => {
            formats::hex(random, 64)
        }
        "cursor" => String::new(),
        "version" => filesystem::en::SemverStable().fake_with_rng(&mut random.0),
        "filename" | "file" => filesystem::en::FileName().fake_with_rng(&mut random.0),
        "path" | "filepath" => format!("/{}/{}", random.word(), random.word()),
        "mimetype" => mime_type(random),
        "status" | "state" => one_of(random, &["active", "pending", "completed"]),
        "sku" | "code" => format!(
            "{}-{}",
            one_of(random, &["AB", "KX", "QZ"]),
            random.between(1000, 9999)
        ),
        _ => random.word(),
    }
}

/// A media type that clients know. Lists of all registered ones hold mostly those that nobody has seen.
fn mime_type(random: &mut Random) -> String {
    one_of(
        random,
        &[
            "application/json",
            "application/pdf",
            "audio/mpeg",
            "image/jpeg",
            "image/png",
            "text/csv",
            "text/plain",
            "video/mp4",
        ],
    )
}

/// Text for the field `name`, which depends on the message: a resource's pattern, a company, a place, a person.
fn own_name(hint: &NameHint<'_>, random: &mut Random) -> String {
    if let Some(pattern) = resource_pattern(hint.owner) {
        let mut parts: Vec<String> = pattern.split('/').map(str::to_owned).collect();
        for part in parts.iter_mut().filter(|part| part.starts_with('{')) {
            *part = random.word();
        }
        return parts.join("/");
    }
    let owner = Words::of(hint.owner.name());
    let owned_by = |words: &[&str]| words.iter().any(|word| owner.contains(word));
    if owned_by(&[
        "company",
        "organization",
        "organisation",
        "vendor",
        "supplier",
        "employer",
    ]) {
        company::en::CompanyName().fake_with_rng(&mut random.0)
    } else if owned_by(&["city", "town"]) {
        people::city(random)
    } else if owned_by(&["country"]) {
        address::en::CountryName().fake_with_rng(&mut random.0)
    } else if owned_by(&["file", "document", "attachment"]) {
        filesystem::en::FileName().fake_with_rng(&mut random.0)
    } else if owned_by(&[
        "product", "item", "category", "project", "team", "group", "channel", "room",
    ]) {
        title(random, 2)
    } else {
        people::full_name(random)
    }
}

/// The first pattern of a `google.api.resource`: `shelves/{shelf}/books/{book}`.
fn resource_pattern(owner: &MessageDescriptor) -> Option<String> {
    owner.descriptor_proto().options.as_ref()?;
    let resource = extension(Some(&owner.options()), "google.api.resource")?;
    let patterns = resource.as_message()?.get_field_by_name("pattern")?.into_owned();
    patterns.as_list()?.first()?.as_str().map(str::to_owned)
}

fn title(random: &mut Random, words: usize) -> String {
    let capitalized = |word: String| word[..1].to_uppercase() + &word[1..];
    (0..words)
        .map(|_| capitalized(random.word()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn one_of(random: &mut Random, choices: &[&str]) -> String {
    random.pick(choices).copied().unwrap_or_default().to_owned()
}

fn language(random: &mut Random) -> String {
    one_of(random, &["en", "de", "fr", "es", "it", "ja", "pt", "nl"])
}

fn decimal(random: &mut Random) -> String {
    format!("{}.{:02}", random.between(1, 999), random.between(0, 99))
}

fn street(random: &mut Random) -> String {
    let name = people::street(random);
    format!("{} {name}", random.between(1, 999))
}

fn postcode(random: &mut Random) -> String {
    format!("{:05}", random.between(1000, 99_999))
}

/// 555-0100 to 555-0199 are reserved for fiction.
fn phone(random: &mut Random) -> String {
    format!("+1{}55501{:02}", random.between(201, 989), random.between(0, 99))
}

fn image(random: &mut Random) -> String {
    format!("https://example.com/{}.png", random.word())
}
