//! `/healthz` and `/readyz`: what load balancers and orchestrators ask.
//!
//! `/healthz` is about the process: who gets an answer has asked one that runs. `/readyz` is about what it serves. Both speak as
//! the servers of Kubernetes do: 200 and `ok`, or 503 and a line for each check, which `?verbose` gives in any case.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tonic::body::Body;

use super::pages::{Page, text};
use super::steered::Steered;
use crate::live::{ReloadTrigger, ToldProblem};
use crate::server::ServingStatus;

/// The pages of this file.
pub(super) fn probes() -> [Page; 2] {
    [
        Page::get("/healthz", healthz).without_token(),
        Page::get("/readyz", readyz).without_token(),
    ]
}

async fn healthz(_: Arc<Steered>, request: Request<Bytes>) -> Response<Body> {
    told("healthz", &request, &[("process", Ok(()))])
}

async fn readyz(steered: Arc<Steered>, request: Request<Bytes>) -> Response<Body> {
    let is_serving = steered.server.health().status("") == Some(ServingStatus::Serving);
    let serving = if is_serving {
        Ok(())
    } else {
        Err("the server does not serve, or is about to stop".to_owned())
    };
    let last = steered.reloads.as_ref().and_then(ReloadTrigger::last_of_saved);
    let reload = match last.as_deref().map(|outcome| outcome.problems.as_slice()) {
        None | Some([]) => Ok(()),
        Some([first, others @ ..]) => {
            let more = match others.len() {
                0 => String::new(),
                others => format!(", and {others} more"),
            };
            Err(format!("what was saved is wrong: {}{more}", on_one_line(first)))
        }
    };
    told("readyz", &request, &[("serving", serving), ("reload", reload)])
}

fn on_one_line(problem: &ToldProblem) -> String {
    let place = match (&problem.file, problem.position) {
        (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    };
    let text = format!("{place}{}", problem.message);
    text.lines().next().unwrap_or_default().to_owned()
}

/// The answer of checks, each with what is wrong.
fn told(name: &str, request: &Request<Bytes>, checks: &[(&str, Result<(), String>)]) -> Response<Body> {
    let is_well = checks.iter().all(|(_, result)| result.is_ok());
    let query = request.uri().query().unwrap_or_default();
    let is_verbose = query
        .split('&')
        .any(|part| matches!(part, "verbose" | "verbose="));
    if is_well && !is_verbose {
        return text(StatusCode::OK, "ok\n".to_owned());
    }
    let lines = checks.iter().map(|(check, result)| match result {
        Ok(()) => format!("[+]{check} ok\n"),
        Err(why) => format!("[-]{check} failed: {why}\n"),
    });
    let lines: String = lines.collect();
    if is_well {
        text(StatusCode::OK, format!("{lines}{name} check passed\n"))
    } else {
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{lines}{name} check failed\n"),
        )
    }
}
