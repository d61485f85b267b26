use crossover_routing::{Command, LaneRecord, Millis, ReadShare, Side};
use reqwest::Response;

use crate::edge::{ACCOUNT, Edge, ORIGIN, header, now, until};

/// Short, so that the tests need not wait long for the first read.
const PIN: Millis = Millis(1_000);

fn share(percent: f64) -> ReadShare {
    percent.try_into().unwrap()
}

async fn set_reads(edge: &Edge, percent: f64) -> LaneRecord {
    let percent = share(percent);
    edge.apply(Command::SetReads { percent, pin_ms: PIN })
        .await
        .unwrap()
}

/// Lets the target answer a share of the reads, and waits until it does and both isolates know.
async fn share_reads(edge: &Edge, percent: f64) {
    let record = set_reads(edge, percent).await;
    let from = record.target_reads.unwrap().from_ms;
    until("the share in force", async || {
        for url in [&edge.url, &edge.second_url] {
            let answer = edge.client.get(url).header(ACCOUNT, "yes").send().await.unwrap();
            let epoch = header(&answer, "x-crossover-epoch")?.parse().ok();
            epoch.filter(|epoch: &u64| *epoch >= record.epoch.0)?;
        }
        (now() > from).then_some(())
    })
    .await;
}

async fn read(edge: &Edge, url: &str, client: &str) -> Response {
    let request = edge
        .client
        .get(format!("{url}/orders"))
        .header("cf-connecting-ip", client);
    request.send().await.unwrap()
}

/// The cookie that the edge itself has set.
fn pin(answer: &Response) -> Option<&str> {
    let cookies = answer.headers().get_all("set-cookie");
    let mut texts = cookies.iter().map(|cookie| cookie.to_str().unwrap());
    texts.find(|cookie| cookie.starts_with("crossover-pin="))
}

fn side(answer: &Response) -> Option<Side> {
    match header(answer, ORIGIN)? {
        "source" => Some(Side::Source),
        "target" => Some(Side::Target),
        _ => None,
    }
}

#[tokio::test]
async fn each_client_reads_from_one_side_in_every_isolate_and_a_raised_share_moves_nobody_back() {
    let edge = Edge::start().await;
    for percent in [30.0, 60.0] {
        share_reads(&edge, percent).await;
        for client in (0..25).map(|n| format!("192.0.2.{n}")) {
            let expected = if share(percent).contains("main", &client) {
                Side::Target
            } else {
                Side::Source
            };
            for url in [&edge.url, &edge.second_url] {
                let answer = read(&edge, url, &client).await;
                assert_eq!(side(&answer), Some(expected), "{client} at {percent} %");
            }
        }
    }
    // Without a key every read is the writer's.
    let keyless = edge.get("/orders").send().await.unwrap();
    assert_eq!(side(&keyless), Some(Side::Source));
}

#[tokio::test]
async fn a_client_that_has_written_reads_from_the_writer() {
    let edge = Edge::start().await;
    let written = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(pin(&written), None, "no share, no cookie");
    share_reads(&edge, 100.0).await;
    assert_eq!(
        side(&read(&edge, &edge.url, "192.0.2.1").await),
        Some(Side::Target)
    );
    let written = edge.post("/orders", "w").send().await.unwrap();
    assert_eq!(side(&written), Some(Side::Source), "writes are never shared");
    assert_eq!(
        pin(&written),
        Some("crossover-pin=1; Max-Age=1; Path=/; HttpOnly; SameSite=Lax")
    );
    assert_eq!(
        written.headers().get_all("set-cookie").iter().count(),
        3,
        "the origin's cookies stay"
    );
    let pinned = edge.get("/orders").header("cf-connecting-ip", "192.0.2.1");
    let answer = pinned
        .header("cookie", "a=b; crossover-pin=1")
        .send()
        .await
        .unwrap();
    assert_eq!(side(&answer), Some(Side::Source));
}

#[tokio::test]
async fn pins_are_set_before_the_first_read_of_the_target() {
    let edge = Edge::start().await;
    let record = set_reads(&edge, 100.0).await;
    edge.until_known().await;
    assert!(
        now() < record.target_reads.unwrap().from_ms,
        "the test was too slow to see it"
    );
    let answer = read(&edge, &edge.url, "192.0.2.1").await;
    assert_eq!(side(&answer), Some(Side::Source));
    let written = edge.post("/orders", "w").send().await.unwrap();
    assert!(pin(&written).is_some());
}

#[tokio::test]
async fn a_read_that_the_target_fails_is_answered_by_the_writer() {
    let edge = Edge::start().await;
    share_reads(&edge, 100.0).await;
    edge.target.answer_with(503);
    let answer = read(&edge, &edge.url, "192.0.2.1").await;
    assert_eq!(
        (answer.status().as_u16(), side(&answer)),
        (200, Some(Side::Source))
    );
    assert_eq!(answer.text().await.unwrap(), "source");
}

#[tokio::test]
async fn a_target_that_fails_is_left_alone_until_it_answers_a_probe() {
    let edge = Edge::start().await;
    share_reads(&edge, 100.0).await;
    edge.target.answer_with(503);
    let before = edge.target.seen().len();
    for _ in 0..20 {
        let answer = read(&edge, &edge.url, "192.0.2.1").await;
        assert_eq!(
            (answer.status().as_u16(), side(&answer)),
            (200, Some(Side::Source))
        );
    }
    let tried = edge.target.seen().len() - before;
    assert!(
        tried < 20,
        "{tried} of 20 reads were tried at a target that fails"
    );
    edge.target.answer_with(200);
    until("a read that the target answers", async || {
        (side(&read(&edge, &edge.url, "192.0.2.1").await) == Some(Side::Target)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_share_ends_by_command_and_with_the_commit() {
    let edge = Edge::start().await;
    share_reads(&edge, 100.0).await;
    edge.apply(Command::EndReads).await.unwrap();
    edge.until_known().await;
    assert_eq!(
        side(&read(&edge, &edge.url, "192.0.2.1").await),
        Some(Side::Source)
    );

    share_reads(&edge, 100.0).await;
    edge.arm(Side::Target, 20_000).await;
    edge.until_known().await;
    let answer = read(&edge, &edge.url, "192.0.2.1").await;
    assert_eq!(
        side(&answer),
        Some(Side::Target),
        "until the hold the share goes on"
    );
    edge.until_hold_at().await;
    edge.hold().await;
    edge.commit().await;
    let released = edge.release().await;
    assert_eq!((released.writer, released.target_reads), (Side::Target, None));
}
