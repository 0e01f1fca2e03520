//! The order in which files are linked, and cycles of imports.
//!
//! The walk is iterative, since imports can nest as deep as there are files.

use crate::schema::source::{FileGraph, FileId};

/// All files, each after those it imports. An import that closes a cycle is removed, and becomes a problem.
pub(super) fn dependency_order(graph: &mut FileGraph) -> Vec<FileId> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.files.len()];
    let mut order = Vec::with_capacity(graph.files.len());
    for start in 0..graph.files.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        // Each entry: a file, and which of its imports comes next.
        let mut path: Vec<(FileId, usize)> = vec![(start, 0)];
        while let Some((id, next)) = path.last_mut() {
            let id = *id;
            let index = *next;
            *next += 1;
            match graph.files[id].imports.get(index).copied() {
                None => {
                    marks[id] = Mark::Done;
                    order.push(id);
                    path.pop();
                }
                Some(Some(import)) if marks[import] == Mark::New => {
                    marks[import] = Mark::Open;
                    path.push((import, 0));
                }
                Some(Some(import)) if marks[import] == Mark::Open => {
                    let from = path
                        .iter()
                        .position(|(open, _)| *open == import)
                        .expect("open files are on the path");
                    let cycle: Vec<&str> = path[from..]
                        .iter()
                        .map(|(open, _)| *open)
                        .chain([import])
                        .map(|open| graph.files[open].name.as_str())
                        .collect();
                    let message = format!("import cycle: {}", cycle.join(" -> "));
                    let name = graph.files[import].name.clone();
                    let problem = graph.problem_at_import(Some(id), &name, message);
                    graph.problems.push(problem);
                    // The file that closes the cycle cannot be linked, and so neither can its importers.
                    graph.files[id].imports[index] = None;
                }
                Some(_) => {}
            }
        }
    }
    order
}
