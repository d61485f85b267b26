use crossover_edge_admin::{AdminKey, EdgeError};
use crossover_routing::admin::{
    AdminRequest, EPOCH_HEADER, KEY_ID_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER, epoch_text,
};
use crossover_routing::{Command, Epoch, HeldWrites, LaneRecord, Millis, Phase, Side};
use reqwest::Response;

use crate::edge::{Edge, KEY_ID, key, now, run};

const LANE: &str = "/__crossover/v1/lanes/main";

/// Sends the signed body or, to forge a call, another one.
async fn send(edge: &Edge, signed: &AdminRequest<'_>, key: &AdminKey, body: &[u8]) -> Response {
    let method = reqwest::Method::from_bytes(signed.method.as_bytes()).unwrap();
    edge.client
        .request(method, format!("{}{}", edge.url, signed.path))
        .header(KEY_ID_HEADER, signed.key_id)
        .header(TIME_HEADER, signed.time_ms.0)
        .header(NONCE_HEADER, signed.nonce)
        .header(EPOCH_HEADER, epoch_text(signed.expected))
        .header(SIGNATURE_HEADER, key.sign(signed))
        .body(body.to_vec())
        .send()
        .await
        .unwrap()
}

fn arm_body(run_id: &str) -> Vec<u8> {
    let (hold_at_ms, hold_deadline_ms) = (now() + Millis(60_000), now() + Millis(70_000));
    let command = Command::Arm {
        run_id: run_id.to_owned(),
        towards: Side::Target,
        hold_at_ms,
        hold_deadline_ms,
        hold: HeldWrites::All,
    };
    serde_json::to_vec(&command).unwrap()
}

fn call<'a>(body: &'a [u8], nonce: &'a str) -> AdminRequest<'a> {
    AdminRequest {
        method: "POST",
        path: LANE,
        body,
        time_ms: now(),
        nonce,
        key_id: KEY_ID,
        expected: Some(Epoch(1)),
    }
}

async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn forged_stale_and_malformed_calls_change_nothing() {
    let edge = Edge::start().await;
    let body = arm_body("run-1");
    let unauthorized = |name: &str| (401, name.to_owned());

    let good = call(&body, "nonce-0000000000001");
    let other_key = AdminKey::from_hex(&"c1".repeat(32)).unwrap();
    let answer = send(&edge, &good, &other_key, &body).await;
    assert_eq!(problem(answer).await, unauthorized("bad_signature"));

    let answer = send(&edge, &good, &key(), &arm_body("run-2")).await;
    assert_eq!(
        problem(answer).await,
        unauthorized("bad_signature"),
        "a body that was not signed"
    );

    let stale = AdminRequest {
        time_ms: now() - Millis(31_000),
        ..good
    };
    assert_eq!(
        problem(send(&edge, &stale, &key(), &body).await).await,
        unauthorized("stale_time")
    );

    let unsigned = edge.post(LANE, "{}").send().await.unwrap();
    assert_eq!(problem(unsigned).await, unauthorized("malformed_signature"));
    let unsigned = edge.get(LANE).send().await.unwrap();
    assert_eq!(
        problem(unsigned).await,
        unauthorized("malformed_signature"),
        "reading needs a signature, too"
    );

    assert_eq!(edge.admin.read().await.unwrap(), LaneRecord::new("main"));
}

#[tokio::test]
async fn a_replayed_call_is_refused_also_after_a_restart_of_the_lane() {
    let mut edge = Edge::start().await;
    let body = arm_body("run-1");
    let good = call(&body, "nonce-0000000000001");
    assert_eq!(send(&edge, &good, &key(), &body).await.status(), 200);
    assert_eq!(
        problem(send(&edge, &good, &key(), &body).await).await,
        (401, "replayed".to_owned())
    );
    edge.restart().await;
    assert_eq!(
        problem(send(&edge, &good, &key(), &body).await).await,
        (401, "replayed".to_owned())
    );
    assert_eq!(edge.admin.read().await.unwrap().epoch, Epoch(2));
}

#[tokio::test]
async fn an_invalid_command_is_refused_by_name() {
    let edge = Edge::start().await;
    let cases: [(&[u8], &str); 5] = [
        (br#"{"command":"deadline_passed"}"#, "bad_command"),
        (
            br#"{"command":"commit","run_id":"r","force":true}"#,
            "bad_command",
        ),
        (b"not json", "bad_command"),
        (b"", "bad_command"),
        (b"\xff\xfe", "bad_command"),
    ];
    for (number, (body, name)) in cases.iter().enumerate() {
        let nonce = format!("nonce-000000000000{number}");
        let answer = send(&edge, &call(body, &nonce), &key(), body).await;
        assert_eq!(problem(answer).await, (400, (*name).to_owned()));
    }
    let body = arm_body("run-1");
    let no_epoch = AdminRequest {
        expected: None,
        ..call(&body, "nonce-0000000000010")
    };
    assert_eq!(
        problem(send(&edge, &no_epoch, &key(), &body).await).await,
        (400, "no_epoch".to_owned())
    );
    let elsewhere = AdminRequest {
        path: "/__crossover/v1/lanes/other",
        ..call(&body, "nonce-0000000000011")
    };
    assert_eq!(
        problem(send(&edge, &elsewhere, &key(), &body).await).await,
        (404, "unknown_lane".to_owned())
    );
    let large = vec![b' '; 17 * 1024];
    let answer = send(&edge, &call(&large, "nonce-0000000000012"), &key(), &large).await;
    assert_eq!(problem(answer).await, (413, "too_large".to_owned()));
    assert_eq!(edge.admin.read().await.unwrap(), LaneRecord::new("main"));
}

#[tokio::test]
async fn an_older_epoch_is_a_conflict_that_returns_the_record() {
    let edge = Edge::start().await;
    let armed = edge.arm(Side::Target, 10_000).await;
    assert_eq!((armed.phase, armed.epoch), (Phase::Armed, Epoch(2)));
    match edge.admin.apply(Epoch(1), Command::Abort { run_id: run() }).await {
        Err(EdgeError::Refused { name, record, .. }) => {
            assert_eq!((name.as_str(), *record), ("epoch_mismatch", armed));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_many_orchestrators_exactly_one_succeeds() {
    let edge = Edge::start().await;
    let (hold_at_ms, hold_deadline_ms) = (now() + Millis(30_000), now() + Millis(40_000));
    let calls = (0..20).map(|number| {
        let run_id = format!("run-{number}");
        edge.admin.apply(
            Epoch(1),
            Command::Arm {
                run_id,
                towards: Side::Target,
                hold_at_ms,
                hold_deadline_ms,
                hold: HeldWrites::All,
            },
        )
    });
    let outcomes = futures::future::join_all(calls).await;
    let winners: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(&edge.admin.read().await.unwrap(), winners[0]);

    let record = winners[0].clone();
    let abort = || Command::Abort {
        run_id: record.run_id.clone().unwrap(),
    };
    let (a, b) = futures::join!(
        edge.admin.apply(record.epoch, abort()),
        edge.admin.apply(record.epoch, abort())
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

#[tokio::test]
async fn commit_and_abort_race_and_one_of_them_succeeds() {
    let edge = Edge::start().await;
    let held = edge.armed_and_held(Side::Target).await;
    let commit = edge.admin.apply(held.epoch, Command::Commit { run_id: run() });
    let abort = edge.admin.apply(held.epoch, Command::Abort { run_id: run() });
    let (commit, abort) = futures::join!(commit, abort);
    assert!(commit.is_ok() != abort.is_ok(), "{commit:?} {abort:?}");
    let phase = edge.admin.read().await.unwrap().phase;
    assert_eq!(
        phase,
        if commit.is_ok() {
            Phase::Committed
        } else {
            Phase::Aborting
        }
    );
}

#[tokio::test]
async fn the_audit_log_is_a_complete_chain_and_survives_a_restart() {
    let mut edge = Edge::start().await;
    edge.admin.audit().await.unwrap().verify("main").unwrap();
    edge.arm(Side::Target, 10_000).await;
    edge.abort().await;
    edge.release().await;
    let before = edge.admin.audit().await.unwrap();
    before.verify("main").unwrap();
    let commands: Vec<_> = before.entries.iter().map(|entry| entry.command.name()).collect();
    assert_eq!(commands, ["arm", "abort", "release"]);
    let record = edge.admin.read().await.unwrap();
    edge.restart().await;
    assert_eq!(edge.admin.audit().await.unwrap(), before);
    assert_eq!(edge.admin.read().await.unwrap(), record);
    // The run is over, also after the restart; another run continues from the same epoch.
    let abort = |run_id: &str| Command::Abort {
        run_id: run_id.to_owned(),
    };
    match edge.admin.apply(record.epoch, abort(&run())).await {
        Err(EdgeError::Refused { name, .. }) => assert_eq!(name, "run_over"),
        other => panic!("a run that is over was accepted: {other:?}"),
    }
    let next = edge.admin.apply(record.epoch, abort("run-2")).await.unwrap();
    assert_eq!((next.epoch, next.phase), (Epoch(5), record.phase));
    edge.admin.audit().await.unwrap().verify("main").unwrap();
}
