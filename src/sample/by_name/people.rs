//! People, and where they live: names, accounts, email addresses, cities and streets.
//!
//! The first names and cities are lists of our own. That of the `fake` crate has 3,000 first names, which go into its
//! cities, streets and email addresses too; each is a pointer that every start of the program would have to relocate.

use fake::Fake;
use fake::faker::name;

use crate::sample::seed::Random;

const FIRST_NAMES: [&str; 64] = [
    "Ada", "Ahmed", "Aiko", "Alan", "Alice", "Amara", "Amir", "Ana", "Anders", "Anna", "Arjun", "Aylin",
    "Ben", "Carlos", "Chen", "Clara", "Daniel", "David", "Diego", "Elena", "Elif", "Emma", "Erik", "Fatima",
    "Felix", "Grace", "Hana", "Hugo", "Ines", "Ivan", "James", "Jana", "Jin", "Jonas", "Julia", "Karim",
    "Kofi", "Lars", "Laura", "Leila", "Liam", "Lin", "Lucia", "Maria", "Mateo", "Maya", "Mei", "Mia",
    "Nadia", "Nina", "Noah", "Olga", "Omar", "Paul", "Priya", "Rosa", "Samir", "Sara", "Sofia", "Tariq",
    "Tom", "Yara", "Yuki", "Zoe",
];

const CITIES: [&str; 32] = [
    "Accra",
    "Amsterdam",
    "Athens",
    "Auckland",
    "Bangkok",
    "Berlin",
    "Bogota",
    "Boston",
    "Cairo",
    "Chicago",
    "Copenhagen",
    "Dublin",
    "Hanoi",
    "Helsinki",
    "Istanbul",
    "Lagos",
    "Lima",
    "Lisbon",
    "London",
    "Madrid",
    "Melbourne",
    "Montreal",
    "Mumbai",
    "Nairobi",
    "Osaka",
    "Oslo",
    "Prague",
    "Rome",
    "Santiago",
    "Seoul",
    "Toronto",
    "Vienna",
];

const STREETS: [&str; 6] = ["Avenue", "Lane", "Place", "Road", "Street", "Way"];

const MAIL_DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

pub(super) fn first_name(random: &mut Random) -> String {
    one_of(random, &FIRST_NAMES).to_owned()
}

pub(super) fn last_name(random: &mut Random) -> String {
    name::en::LastName().fake_with_rng(&mut random.0)
}

pub(super) fn full_name(random: &mut Random) -> String {
    format!("{} {}", first_name(random), last_name(random))
}

/// Letters and digits in lower case.
pub(super) fn username(random: &mut Random) -> String {
    let first = first_name(random).to_lowercase();
    format!("{first}{}", random.between(1, 99))
}

/// An address in a domain that is reserved for examples.
pub(super) fn email(random: &mut Random) -> String {
    let (user, domain) = (username(random), one_of(random, &MAIL_DOMAINS));
    format!("{user}@{domain}")
}

pub(super) fn city(random: &mut Random) -> String {
    one_of(random, &CITIES).to_owned()
}

/// A street without a number.
pub(super) fn street(random: &mut Random) -> String {
    let (named_after, kind) = (last_name(random), one_of(random, &STREETS));
    format!("{named_after} {kind}")
}

fn one_of(random: &mut Random, choices: &[&'static str]) -> &'static str {
    random.pick(choices).copied().unwrap_or_default()
}
