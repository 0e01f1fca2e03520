//! What `serve` says when it listens: where, what is served, and what about it is hardly meant.

use std::error::Error as _;

use protod::{Collections, HttpRules, JetStream, ListenAddr, Rules, Sampler, Schema, Tls};
use serde_json::Value;

use super::banner::banner;
use crate::arguments::admin::Listening;
use crate::arguments::validation::{NO_RULES, validator_of_requests};
use crate::output::json;
use crate::output::stderr::{say, say_line};
use crate::output::summary::summary;

/// What a server serves.
pub(super) struct Served<'s> {
    pub(super) schema: &'s Schema,
    pub(super) rules: &'s Rules,
    pub(super) http_rules: &'s HttpRules,
    pub(super) collections: &'s Collections,
    /// What it shares with other servers.
    pub(super) store: Option<&'s JetStream>,
    /// Whether requests are checked against the rules of `buf.validate`.
    pub(super) validates: bool,
}

impl Served<'_> {
    /// Says that the server listens, and what it serves.
    pub(super) fn announce(&self, addr: &ListenAddr, admin: &Listening, tls: Option<&Tls>, logs_json: bool) {
        let Self {
            schema,
            rules,
            http_rules,
            collections,
            store,
            validates,
        } = *self;
        let admin_addr = match admin {
            Listening::At(listener) => Some(listener.local_addr().to_string()),
            Listening::Off | Listening::Not(_) => None,
        };
        let is_local = addr.is_local();
        let reachable = match addr {
            ListenAddr::Tcp(all) if all.ip().is_unspecified() => format!("localhost:{}", all.port()),
            one => one.to_string(),
        };
        let addr = addr.to_string();
        // Where there are none, nobody asks.
        let kept = match collections.file() {
            Some(file) => Some(file.display().to_string()),
            None => (collections.count() > 0).then(|| "memory".to_owned()),
        };
        if logs_json {
            let fields = [
                ("addr", Value::from(addr.as_str())),
                ("tls", tls.is_some().into()),
                ("services", schema.services().len().into()),
                ("methods", schema.methods().len().into()),
                ("rules", rules.len().into()),
                ("routes", http_rules.routes().count().into()),
                ("admin", admin_addr.into()),
                ("collections", kept.into()),
                ("store", store.map(ToString::to_string).into()),
                ("replica", store.map(JetStream::replica).into()),
            ];
            json::say("INFO", &format!("protod listening on {addr}"), &fields);
        } else {
            say_line(format_args!("protod listening on {addr}"));
            if let Some(admin) = admin_addr {
                say_line(format_args!("protod admin on {admin}"));
            }
            match (kept, store) {
                (Some(kept), None) => say_line(format_args!("collections in {kept}")),
                (Some(kept), Some(_)) => say_line(format_args!("collections in the store, copied to {kept}")),
                (None, _) => {}
            }
            if let Some(store) = store {
                say_line(format_args!("replica {} of {store}", store.replica()));
            }
        }
        if let Listening::Not(error) = admin {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                hint = "--admin-addr names another address, and --admin-addr none does without",
                "there is no admin service: {error}: {cause}"
            );
        }
        if tls.is_none() && !is_local {
            tracing::warn!("other machines can connect, and nothing is encrypted: see --tls-cert");
        }
        if let Some(warning) = tls.and_then(Tls::warning) {
            tracing::warn!("{warning}");
        }
        // They were compiled when the server was built.
        if validates && validator_of_requests(schema).is_ok_and(|validator| validator.is_empty()) {
            let (text, hint) = NO_RULES;
            tracing::warn!(hint, "{text}");
        }
        for warning in rules.warnings() {
            tracing::warn!(hint = warning.hint().map(display), "{}", warning.located());
        }
        if !logs_json {
            let sampler = validates.then(Sampler::default);
            let summary = summary(schema, rules, http_rules);
            say(banner(
                &reachable,
                tls.is_some(),
                schema,
                &summary,
                sampler.as_ref(),
            ));
        }
    }
}
