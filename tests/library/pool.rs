//! A pool that all handlers share.

use std::sync::{Arc, Mutex};

use protod::tonic::Status;
use protod::{Handlers, State, Typed};
use serde::{Deserialize, Serialize};

/// In the place of a pool of database connections. Like those of sqlx and deadpool, all its clones are one pool.
#[derive(Clone, Default)]
struct Pool(Arc<Mutex<Vec<i64>>>);

impl Pool {
    async fn insert(&self, pence: i64) -> Result<usize, Status> {
        let rows = self.0.lock();
        let mut rows = rows.map_err(|_| Status::internal("the table is broken"))?;
        rows.push(pence);
        Ok(rows.len())
    }
}

#[derive(Deserialize)]
struct Payment {
    pence: i64,
}

#[derive(Serialize)]
struct Receipt {
    text: String,
}

fn handlers(pool: Pool) -> Handlers {
    Handlers::new().state(pool).unary("till.Till/Pay", pay)
}

async fn pay(State(pool): State<Pool>, Typed(payment): Typed<Payment>) -> Result<Typed<Receipt>, Status> {
    let number = pool.insert(payment.pence).await?;
    let text = format!("payment {number}");
    Ok(Typed(Receipt { text }))
}

#[tokio::test]
async fn all_calls_use_one_pool() {
    let pool = Pool::default();
    let client = super::serving_handlers(handlers(pool.clone())).await;
    for (pence, receipt) in [(5, "payment 1"), (6, "payment 2")] {
        let paid = super::pay(&client, &format!(r#"{{"pence": {pence}}}"#)).await;
        assert_eq!(paid.expect("OK"), format!(r#"{{"text":"{receipt}"}}"#));
    }
    assert_eq!(*pool.0.lock().expect("nobody has panicked"), [5, 6]);
}

#[test]
fn a_server_without_the_pool_is_not_built() {
    let handlers = Handlers::new().unary("till.Till/Pay", pay);
    let server = protod::Server::builder(super::schema()).handlers(handlers);
    let error = server.build().expect_err("it has no pool");
    assert!(error.is_missing_state(), "{error}");
}
