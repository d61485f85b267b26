use crossover_rehearsal::api::{EXECUTED, SampleApi};
use crossover_rehearsal::shop::{self, Mode};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{count, empty_database, eventually, shop_database};

pub(crate) fn http() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("an HTTP client")
}

fn entry(token: Uuid) -> Value {
    json!({ "token": token, "client": 1, "seq": 1, "amount": "12.34" })
}

fn executed(response: &Response) -> Option<&str> {
    response
        .headers()
        .get(EXECUTED)
        .map(|value| value.to_str().expect("text"))
}

async fn post(base: &str, body: &Value) -> Response {
    http()
        .post(format!("{base}/entries"))
        .json(body)
        .send()
        .await
        .expect("an answer")
}

/// Places an order and reads it back in each way the API offers.
pub(crate) async fn place_and_read_an_order(base: &str, customers: u64) {
    let token = Uuid::new_v4();
    let order = json!({ "token": token, "client": 3, "seq": 9, "amount": "12.34", "region_code": "C01", "customer_id": customers });
    let response = http()
        .post(format!("{base}/orders"))
        .json(&order)
        .send()
        .await
        .expect("an answer");
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let created: Value = serde_json::from_str(&body).expect("JSON");
    let get = async |path: String| -> Value {
        let response = http()
            .get(format!("{base}{path}"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    };
    let entry = get(format!("/entries/{token}")).await;
    assert_eq!(entry["order_id"], created["order_id"]);
    assert_eq!(entry["amount"].to_string(), "12.34");
    let order = get(format!("/orders/{}", created["order_id"])).await;
    assert_eq!(order["items"].as_array().map(Vec::len), Some(2), "{order}");
    assert_eq!(order["payments"][0]["amount"], order["total"]);
    let recent = get("/orders/recent?region=C01".into()).await;
    assert_eq!(recent[0]["id"], created["order_id"]);
}

#[tokio::test]
async fn an_order_touches_every_table_and_is_read_back() {
    let (database, client, generated) = shop_database(200).await;
    let api = SampleApi::start(&database.url(), Mode::Shop, 2)
        .await
        .expect("the API starts");
    place_and_read_an_order(&api.base_url(), generated.customers).await;
    let touched = "select count(*) from shop.customers where orders_placed = 1 and updated_at > now() - interval '1 hour'";
    assert_eq!(
        count(&client, touched).await,
        1,
        "the trigger has stamped the customer"
    );
    for (path, status) in [("/healthz", 204), ("/readyz", 204), ("/orders/999999", 404)] {
        let response = http()
            .get(format!("{}{path}", api.base_url()))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), status, "{path}");
    }
    api.stop().await;
}

#[tokio::test]
async fn an_order_that_fails_half_way_leaves_no_rows_and_is_reported_as_not_executed() {
    let (database, client, _) = shop_database(200).await;
    let api = SampleApi::start(&database.url(), Mode::Shop, 2)
        .await
        .expect("the API starts");
    client
        .batch_execute("alter table crossover_load.entries add constraint none check (amount < 0)")
        .await
        .expect("a rule that refuses every entry");
    let order = json!({ "token": Uuid::new_v4(), "client": 1, "seq": 1, "amount": "1.00", "region_code": "N01", "customer_id": 1 });
    let response = http()
        .post(format!("{}/orders", api.base_url()))
        .json(&order)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (response.status().as_u16(), executed(&response)),
        (503, Some("no"))
    );
    assert_eq!(count(&client, "select count(*) from shop.orders").await, 200);
    api.stop().await;
}

#[tokio::test]
async fn bad_amounts_and_regions_are_refused_before_the_database_is_asked() {
    let api = SampleApi::start("postgresql://nobody@127.0.0.1:1/none", Mode::Shop, 1)
        .await
        .expect("the API starts");
    let base = api.base_url();
    for amount in ["", "-1.00", "1.234", "1e3", "NaN", "12345678901.00", "."] {
        let body = json!({ "token": Uuid::new_v4(), "client": 1, "seq": 1, "amount": amount });
        let response = post(&base, &body).await;
        assert_eq!(
            (response.status().as_u16(), executed(&response)),
            (400, Some("no")),
            "{amount:?}"
        );
    }
    let order = json!({ "token": Uuid::new_v4(), "client": 1, "seq": 1, "amount": "1.00", "region_code": "X", "customer_id": 1 });
    let response = http()
        .post(format!("{base}/orders"))
        .json(&order)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    api.stop().await;
}

#[tokio::test]
async fn without_a_database_a_write_is_not_executed_and_the_process_is_healthy() {
    let api = SampleApi::start(
        "postgresql://nobody:hunter2@127.0.0.1:1/none",
        Mode::LedgerOnly,
        1,
    )
    .await
    .expect("the API starts");
    let response = post(&api.base_url(), &entry(Uuid::new_v4())).await;
    assert_eq!(
        (response.status().as_u16(), executed(&response)),
        (503, Some("no"))
    );
    assert!(!response.text().await.expect("a body").contains("hunter2"));
    let ready = http()
        .get(format!("{}/readyz", api.base_url()))
        .send()
        .await
        .expect("an answer");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let healthy = http()
        .get(format!("{}/healthz", api.base_url()))
        .send()
        .await
        .expect("an answer");
    assert_eq!(healthy.status(), StatusCode::NO_CONTENT);
    let orders = http()
        .post(format!("{}/orders", api.base_url()))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        orders.status(),
        StatusCode::NOT_FOUND,
        "next to a user's own schema there is no shop"
    );
    api.stop().await;
}

#[tokio::test]
async fn the_pool_recovers_after_its_login_was_refused_and_its_sessions_ended() {
    let (database, client) = empty_database().await;
    shop::create_schema(&client, Mode::LedgerOnly)
        .await
        .expect("the ledger");
    let role = format!("app_{}", database.name());
    client
        .batch_execute(&format!(
            "create role \"{role}\" login password 'p'; grant shop_writer to \"{role}\""
        ))
        .await
        .expect("a role for this test only");
    let url = format!(
        "postgresql://{role}:p@127.0.0.1:{}/{}",
        database.access().port(),
        database.name()
    );
    let api = SampleApi::start(&url, Mode::LedgerOnly, 4)
        .await
        .expect("the API starts");
    assert_eq!(
        post(&api.base_url(), &entry(Uuid::new_v4())).await.status(),
        StatusCode::CREATED
    );

    client
        .batch_execute(&format!("alter role \"{role}\" nologin"))
        .await
        .expect("the lock");
    client
        .query(
            &format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'"),
            &[],
        )
        .await
        .expect("the sessions end");
    let sessions = format!("select count(*) from pg_stat_activity where usename = '{role}'");
    eventually("the sessions have ended", async || {
        count(&client, &sessions).await == 0
    })
    .await;
    let response = post(&api.base_url(), &entry(Uuid::new_v4())).await;
    assert_eq!(
        (response.status().as_u16(), executed(&response)),
        (503, Some("no"))
    );
    assert_eq!(
        count(&client, "select count(*) from crossover_load.entries").await,
        1,
        "nothing was executed"
    );

    client
        .batch_execute(&format!("alter role \"{role}\" login"))
        .await
        .expect("the lock is released");
    let response = post(&api.base_url(), &entry(Uuid::new_v4())).await;
    assert_eq!(response.status(), StatusCode::CREATED, "the next write succeeds");
    api.stop().await;
    eventually("the API has closed its sessions", async || {
        count(&client, &sessions).await == 0
    })
    .await;
}

#[tokio::test]
async fn a_commit_refused_by_the_server_did_not_happen_and_an_interrupted_one_is_unknown() {
    let (database, client) = empty_database().await;
    shop::create_schema(&client, Mode::LedgerOnly)
        .await
        .expect("the ledger");
    // Deferred triggers run within COMMIT.
    client
        .batch_execute(
            "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
             create function cut_off() returns trigger language plpgsql security definer
                 as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
             create constraint trigger one after insert on crossover_load.entries deferrable initially deferred
                 for each row when (new.seq = 1) execute function refuse();
             create constraint trigger two after insert on crossover_load.entries deferrable initially deferred
                 for each row when (new.seq = 2) execute function cut_off();",
        )
        .await
        .expect("the triggers");
    let api = SampleApi::start(&database.url(), Mode::LedgerOnly, 2)
        .await
        .expect("the API starts");
    let write = async |seq: i64| {
        let body = json!({ "token": Uuid::new_v4(), "client": 1, "seq": seq, "amount": "1.00" });
        let response = post(&api.base_url(), &body).await;
        (response.status().as_u16(), executed(&response).map(str::to_owned))
    };
    assert_eq!(write(1).await, (503, Some("no".into())));
    assert_eq!(write(2).await, (500, Some("unknown".into())));
    assert_eq!(write(3).await, (201, None));
    api.stop().await;
}
