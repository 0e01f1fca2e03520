//! Whether a broker that answers for a stream still leads the others.

use std::time::Duration;

use async_nats::jetstream::stream::{ClusterInfo, Info};

/// How long after the others were heard of last none of them can lead. They choose another when they have not heard of theirs for
/// four seconds, at the earliest, and each says once a second that it has.
const LEASE: Duration = Duration::from_secs(3);

/// Whether what a broker says of a stream holds. One that led it and is cut off from the others says for many seconds what was
/// true before; that it has not heard of most of them lately, it says too.
pub(crate) fn is_of_leader(info: &Info) -> bool {
    info.cluster.as_ref().is_none_or(leads)
}

fn leads(cluster: &ClusterInfo) -> bool {
    let others = &cluster.replicas;
    let heard_of = others
        .iter()
        .filter(|other| other.current && other.active < LEASE)
        .count();
    // With the one that says it, more than half.
    2 * heard_of >= others.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broker_leads_that_has_heard_of_most_of_the_others() {
        let other = |current: bool, seconds: u64| json!({"name": "b", "current": current, "active": seconds * 1_000_000_000});
        let (near, far, behind) = (other(true, 1), other(true, 4), other(false, 1));
        for (others, expected) in [
            (vec![], true),
            (vec![&near], true),
            (vec![&far], false),
            (vec![&near, &far], true),
            (vec![&near, &behind], true),
            (vec![&far, &behind], false),
            (vec![&near, &far, &behind, &far], false),
            (vec![&near, &far, &near, &far], true),
        ] {
            let cluster = serde_json::from_value(json!({"replicas": others})).expect("it fits");
            assert_eq!(leads(&cluster), expected, "{others:?}");
        }
    }
}
