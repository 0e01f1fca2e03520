//! Reloads of protos and rules, some of them broken.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::calls::Caller;
use crate::generations::publish;
use crate::health::Health;
use crate::program::SOON;
use crate::scene::{Scene, every};

/// Publishes a generation every second, the second of three is broken, and waits until it is live or refused.
pub(crate) async fn load(scene: Arc<Scene>) {
    let caller = Caller::connect(&scene.address).await;
    let health = Health::connect(&scene.address).await;
    let mut beat = every(Duration::from_secs(1));
    beat.tick().await;
    for generation in 1.. {
        beat.tick().await;
        if !scene.goes_on() {
            return;
        }
        let broken = generation % 3 == 2;
        if !broken {
            scene.written.store(generation, Ordering::SeqCst);
        }
        publish(&scene.root, generation, broken);
        let seen = async {
            let mut look = every(Duration::from_millis(10));
            loop {
                look.tick().await;
                if broken && health.status("protod.reload").await == "NOT_SERVING" {
                    break;
                }
                if !broken && caller.generation().await.expect("no call fails") == generation {
                    break;
                }
            }
        };
        let seen = timeout_at(Instant::now() + SOON, seen).await;
        assert!(seen.is_ok(), "generation {generation} was not seen");
        if broken {
            scene.figures.broken.add(1);
        } else {
            scene.live.store(generation, Ordering::SeqCst);
            scene.figures.swaps.add(1);
        }
    }
}
