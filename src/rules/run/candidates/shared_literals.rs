//! Finds rules that require some of what a call has, to say which came nearest where none matches.
//!
//! A rule counts as near by how many of its conditions hold before the first that does not. So this is a tree of the literals that
//! rules require, in the order in which they compare them: rules that begin alike share the way, and a call follows all ways
//! that its own values lead. A look-up costs a bounded number of hashes, however many rules there are. What it finds need not be near:
//! it is compared all the same.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher};

use foldhash::fast::FixedState;

use super::lists::number;
use super::place::{Place, Required, hash_literal};
use crate::cel::Env;
use crate::rules::plan::WireScalar;

/// How many rules a look-up finds at most.
const MAX_FOUND: usize = 8;

/// How many of the rules that share a way are found by it.
const MAX_OF_NODE: usize = 4;

/// How many values of a call are looked up at most.
const MAX_LOOKED_UP: usize = 32;

/// The rules of a method by the literals that they require.
#[derive(Debug, Default)]
pub(super) struct SharedLiterals {
    nodes: Vec<Node>,
    /// Where a literal leads to, by a hash of the node, the place and the literal.
    ways: HashMap<u64, Way, FixedState>,
}

/// What rules have in common that require the same literals so far.
#[derive(Debug, Default)]
struct Node {
    /// The first of them.
    rules: Vec<u32>,
    /// The indexes of the places that they compare next.
    places: Vec<u32>,
}

/// Where a literal leads to.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The one rule that requires it there.
    Rule(u32),
    Node(u32),
}

impl SharedLiterals {
    /// `required` are the literals of each rule, in the order in which it compares them. Only rules of which `may_be_near` is true are
    /// found.
    pub(super) fn of(required: &[Required], may_be_near: impl Fn(usize) -> bool) -> Self {
        let mut shared = Self {
            nodes: vec![Node::default()],
            ways: HashMap::default(),
        };
        for rule in (0..required.len()).filter(|rule| may_be_near(*rule)) {
            shared.add(required, rule);
        }
        shared
    }

    fn add(&mut self, required: &[Required], rule: usize) {
        let mut node = 0;
        for (depth, literal) in required[rule].iter().enumerate() {
            match self.ways.get(&way_of(node, literal)).copied() {
                None => return self.lead(node, literal, Way::Rule(number(rule))),
                Some(Way::Node(next)) => node = next as usize,
                Some(Way::Rule(first)) => {
                    let next = self.nodes.len();
                    self.nodes.push(Node {
                        rules: vec![first],
                        places: Vec::new(),
                    });
                    self.lead(node, literal, Way::Node(number(next)));
                    // What the first one compares next is below the node that both have now.
                    if let Some(literal) = required[first as usize].get(depth + 1) {
                        self.lead(next, literal, Way::Rule(first));
                    }
                    node = next;
                }
            }
            let rules = &mut self.nodes[node].rules;
            if rules.len() < MAX_OF_NODE {
                rules.push(number(rule));
            }
        }
    }

    fn lead(&mut self, node: usize, literal: &(usize, WireScalar), way: Way) {
        self.ways.insert(way_of(node, literal), way);
        let (places, place) = (&mut self.nodes[node].places, number(literal.0));
        if !places.contains(&place) {
            places.push(place);
        }
    }

    /// A few rules that require what a call has, those first that require the most of it, and then those that are tried first.
    pub(super) fn with(&self, places: &[Place], env: &Env<'_>) -> Vec<usize> {
        // How many literals each shares with the call.
        let mut found: Vec<(usize, u32)> = Vec::new();
        let mut open = vec![(0, 0)];
        let mut looked_up = 0;
        while let Some((node, depth)) = open.pop() {
            let Some(Node { places: next, .. }) = self.nodes.get(node) else {
                break;
            };
            for place in next {
                looked_up += 1;
                if looked_up > MAX_LOOKED_UP {
                    break;
                }
                let mut hasher = begin_of_way(node, *place as usize);
                if !places[*place as usize].hash(env, &mut hasher) {
                    continue;
                }
                let depth = depth + 1;
                match self.ways.get(&hasher.finish()) {
                    Some(Way::Rule(rule)) => found.push((depth, *rule)),
                    Some(Way::Node(next)) => {
                        let next = *next as usize;
                        found.extend(self.nodes[next].rules.iter().map(|rule| (depth, *rule)));
                        open.push((next, depth));
                    }
                    None => {}
                }
            }
        }
        found.sort_unstable_by_key(|(depth, rule)| (Reverse(*depth), *rule));
        let mut rules = Vec::with_capacity(MAX_FOUND);
        for (_, rule) in found {
            if rules.len() < MAX_FOUND && !rules.contains(&(rule as usize)) {
                rules.push(rule as usize);
            }
        }
        rules
    }
}

/// A hash of a node and the literal of a place that is compared next.
fn way_of(node: usize, (place, literal): &(usize, WireScalar)) -> u64 {
    let mut hasher = begin_of_way(node, *place);
    hash_literal(literal, &mut hasher);
    hasher.finish()
}

fn begin_of_way(node: usize, place: usize) -> impl Hasher {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_usize(node);
    hasher.write_usize(place);
    hasher
}
