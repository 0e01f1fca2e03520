//! What text a field's name suggests.
//!
//! A name is matched by its last words, whatever its case: `email`, `billing_email` and `contactEmail` are all
//! email addresses. Addresses, hosts and telephone numbers are of the ranges set aside for examples, so that nobody's
//! own are made up by chance.

use fake::Fake;
use fake::faker::{address, company, currency, filesystem, internet, job, lorem, name};
use prost_reflect::MessageDescriptor;

use super::annotations::extension;
use super::formats;
use super::seed::Chance;
use super::times;

/// What is known of a field before its value is made up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hint<'a> {
    pub(super) name: &'a str,
    /// The message that the field belongs to.
    pub(super) owner: &'a MessageDescriptor,
    /// Whether the name stands for several: `emails`.
    pub(super) plural: bool,
}

/// The words of a name, in lower case.
#[derive(Debug)]
pub(super) struct Words(Vec<String>);

impl Hint<'_> {
    pub(super) fn words(&self) -> Words {
        let mut words = Words::of(self.name);
        if self.plural
            && let Some(last) = words.0.last_mut()
            && last.len() > 3
            && last.ends_with('s')
            && !last.ends_with("ss")
        {
            last.pop();
        }
        words
    }
}

impl Words {
    fn of(name: &str) -> Self {
        let mut words: Vec<String> = vec![String::new()];
        let mut after_lower = false;
        for letter in name.chars() {
            let starts_word = letter == '_' || (letter.is_ascii_uppercase() && after_lower);
            if starts_word && words.last().is_some_and(|word| !word.is_empty()) {
                words.push(String::new());
            }
            if letter != '_' {
                words
                    .last_mut()
                    .expect("there is a first word")
                    .push(letter.to_ascii_lowercase());
            }
            after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        }
        Self(words)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    pub(super) fn but_last(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    pub(super) fn ends_with(&self, words: &[&str]) -> bool {
        self.0.len() >= words.len() && self.0[self.0.len() - words.len()..].iter().eq(words.iter())
    }
}

/// Text that suits the field; one short word where its name says nothing. Empty for page tokens, so that clients
/// that follow them come to an end.
pub(super) fn text(hint: &Hint<'_>, chance: &mut Chance) -> String {
    if hint.owner.full_name() == "google.type.Decimal" {
        return decimal(chance);
    }
    let words = hint.words();
    // A time as text ends like a moment; "time" alone may be anything.
    if times::is_moment(&words) {
        return times::text(&words, chance);
    }
    two_words(&words, chance).unwrap_or_else(|| last_word(&words, hint, chance))
}

/// Names that only their last two words tell.
fn two_words(words: &Words, chance: &mut Chance) -> Option<String> {
    let rng = &mut chance.0;
    let before = words.but_last();
    Some(match (before.last(), words.last()) {
        ("first" | "given", "name") => name::en::FirstName().fake_with_rng(rng),
        ("last" | "family", "name") => name::en::LastName().fake_with_rng(rng),
        ("user" | "login" | "screen", "name") => internet::en::Username().fake_with_rng(rng),
        ("company" | "organization" | "org", "name") => company::en::CompanyName().fake_with_rng(rng),
        ("city", "name") => address::en::CityName().fake_with_rng(rng),
        ("country", "name") => address::en::CountryName().fake_with_rng(rng),
        ("state" | "province", "name") => address::en::StateName().fake_with_rng(rng),
        ("street", "name") => address::en::StreetName().fake_with_rng(rng),
        ("file", "name") => filesystem::en::FileName().fake_with_rng(rng),
        ("host" | "domain", "name") => formats::hostname(chance),
        ("product" | "item" | "brand" | "project" | "team" | "group" | "service", "name") => title(chance, 2),
        ("email" | "mail", "address") => internet::en::SafeEmail().fake_with_rng(rng),
        ("ip", "address") => formats::ipv4(chance),
        ("mac", "address") => internet::en::MACAddress().fake_with_rng(rng),
        ("user", "agent") => internet::en::UserAgent().fake_with_rng(rng),
        ("job", "title") => job::en::Title().fake_with_rng(rng),
        ("time", "zone") => address::en::TimeZone().fake_with_rng(rng),
        ("country" | "region", "code") => address::en::CountryCode().fake_with_rng(rng),
        ("postal" | "zip" | "post", "code") => postcode(chance),
        ("currency", "code") => currency::en::CurrencyCode().fake_with_rng(rng),
        ("language", "code") => language(chance),
        ("mime" | "content" | "media", "type") => filesystem::en::MimeType().fake_with_rng(rng),
        ("page", "token") => String::new(),
        ("image" | "photo" | "avatar" | "picture" | "icon", "url" | "uri") => image(chance),
        ("created" | "updated" | "modified" | "deleted", "by") => name::en::Name().fake_with_rng(rng),
        _ => return None,
    })
}

fn last_word(words: &Words, hint: &Hint<'_>, chance: &mut Chance) -> String {
    let rng = &mut chance.0;
    match words.last() {
        "name" => own_name(hint, chance),
        "email" | "mail" => internet::en::SafeEmail().fake_with_rng(rng),
        "firstname" | "forename" => name::en::FirstName().fake_with_rng(rng),
        "lastname" | "surname" => name::en::LastName().fake_with_rng(rng),
        "fullname" | "author" | "assignee" | "recipient" | "sender" => name::en::Name().fake_with_rng(rng),
        "username" | "login" | "handle" | "nickname" => internet::en::Username().fake_with_rng(rng),
        "company" | "organization" | "organisation" | "employer" | "vendor" | "supplier" => {
            company::en::CompanyName().fake_with_rng(rng)
        }
        "profession" | "occupation" | "position" => job::en::Title().fake_with_rng(rng),
        "phone" | "mobile" | "telephone" | "cell" | "fax" => phone(chance),
        "number" if words.contains("phone") || words.contains("e164") => phone(chance),
        "url" | "uri" | "link" | "website" | "homepage" | "webhook" | "callback" | "href" => {
            formats::uri(chance)
        }
        "image" | "photo" | "avatar" | "picture" | "thumbnail" => image(chance),
        "host" | "hostname" | "domain" => formats::hostname(chance),
        "ip" | "ipv4" => formats::ipv4(chance),
        "ipv6" => formats::ipv6(chance),
        "mac" => internet::en::MACAddress().fake_with_rng(rng),
        "id" | "uuid" | "guid" => formats::uuid(chance),
        "city" | "town" | "locality" => address::en::CityName().fake_with_rng(rng),
        "country" => address::en::CountryName().fake_with_rng(rng),
        "province" => address::en::StateName().fake_with_rng(rng),
        "street" | "line1" => street(chance),
        "address" => {
            let street = street(chance);
            let city: String = address::en::CityName().fake_with_rng(&mut chance.0);
            format!("{street}, {city}")
        }
        "zip" | "zipcode" | "postcode" => postcode(chance),
        "lat" | "latitude" => format!("{:.6}", chance.fraction() * 180.0 - 90.0),
        "lng" | "lon" | "longitude" => format!("{:.6}", chance.fraction() * 360.0 - 180.0),
        "timezone" | "tz" => address::en::TimeZone().fake_with_rng(rng),
        "language" | "lang" => language(chance),
        "locale" => one_of(
            chance,
            &["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "ja-JP", "pt-BR"],
        ),
        "currency" => currency::en::CurrencyCode().fake_with_rng(rng),
        "price" | "amount" | "cost" | "balance" => decimal(chance),
        "color" | "colour" => format!("#{:06x}", chance.between(0, 0xff_ffff)),
        "title" | "subject" | "headline" => title(chance, 3),
        "description" | "summary" | "content" | "body" | "text" | "bio" | "comment" | "note" | "message"
        | "details" | "reason" => lorem::en::Sentence(4..9).fake_with_rng(rng),
        "slug" => format!("{}-{}", word(chance), word(chance)),
        "token" | "secret" | "password" | "signature" | "nonce" => formats::hex(chance, 32),
        "key" if words.contains("api") => formats::hex(chance, 32),
        "hash" | "checksum" | "digest" | "etag" | "fingerprint" | "sha" | "sha256" => {
            formats::hex(chance, 64)
        }
        "cursor" => String::new(),
        "version" => filesystem::en::SemverStable().fake_with_rng(rng),
        "filename" | "file" => filesystem::en::FileName().fake_with_rng(rng),
        "path" | "filepath" => format!("/{}/{}", word(chance), word(chance)),
        "mimetype" => filesystem::en::MimeType().fake_with_rng(rng),
        "status" | "state" => one_of(chance, &["active", "pending", "completed"]),
        "sku" | "code" => format!(
            "{}-{}",
            one_of(chance, &["AB", "KX", "QZ"]),
            chance.between(1000, 9999)
        ),
        _ => word(chance),
    }
}

/// What `name` means depends on whose it is: a resource's by its pattern, a company's, a place's, a person's.
fn own_name(hint: &Hint<'_>, chance: &mut Chance) -> String {
    if let Some(pattern) = resource_pattern(hint.owner) {
        let mut parts: Vec<String> = pattern.split('/').map(str::to_owned).collect();
        for part in parts.iter_mut().filter(|part| part.starts_with('{')) {
            *part = word(chance);
        }
        return parts.join("/");
    }
    let owner = Words::of(hint.owner.name());
    let owned_by = |words: &[&str]| words.iter().any(|word| owner.contains(word));
    let rng = &mut chance.0;
    if owned_by(&[
        "company",
        "organization",
        "organisation",
        "vendor",
        "supplier",
        "employer",
    ]) {
        company::en::CompanyName().fake_with_rng(rng)
    } else if owned_by(&["city", "town"]) {
        address::en::CityName().fake_with_rng(rng)
    } else if owned_by(&["country"]) {
        address::en::CountryName().fake_with_rng(rng)
    } else if owned_by(&["file", "document", "attachment"]) {
        filesystem::en::FileName().fake_with_rng(rng)
    } else if owned_by(&[
        "product", "item", "category", "project", "team", "group", "channel", "room",
    ]) {
        title(chance, 2)
    } else {
        name::en::Name().fake_with_rng(rng)
    }
}

/// The first pattern of a `google.api.resource`: `shelves/{shelf}/books/{book}`.
fn resource_pattern(owner: &MessageDescriptor) -> Option<String> {
    owner.descriptor_proto().options.as_ref()?;
    let resource = extension(Some(&owner.options()), "google.api.resource")?;
    let patterns = resource.as_message()?.get_field_by_name("pattern")?.into_owned();
    patterns.as_list()?.first()?.as_str().map(str::to_owned)
}

pub(super) fn word(chance: &mut Chance) -> String {
    lorem::en::Word().fake_with_rng(&mut chance.0)
}

fn title(chance: &mut Chance, words: usize) -> String {
    let capitalized = |word: String| word[..1].to_uppercase() + &word[1..];
    (0..words)
        .map(|_| capitalized(word(chance)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn one_of(chance: &mut Chance, choices: &[&str]) -> String {
    chance.pick(choices).copied().unwrap_or_default().to_owned()
}

fn language(chance: &mut Chance) -> String {
    one_of(chance, &["en", "de", "fr", "es", "it", "ja", "pt", "nl"])
}

fn decimal(chance: &mut Chance) -> String {
    format!("{}.{:02}", chance.between(1, 999), chance.between(0, 99))
}

fn street(chance: &mut Chance) -> String {
    let name: String = address::en::StreetName().fake_with_rng(&mut chance.0);
    format!("{} {name}", chance.between(1, 999))
}

fn postcode(chance: &mut Chance) -> String {
    format!("{:05}", chance.between(1000, 99_999))
}

/// 555-0100 to 555-0199 are set aside for fiction.
fn phone(chance: &mut Chance) -> String {
    format!("+1{}55501{:02}", chance.between(201, 989), chance.between(0, 99))
}

fn image(chance: &mut Chance) -> String {
    format!("https://example.com/{}.png", word(chance))
}
