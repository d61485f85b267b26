//! What ends with status 2 before any check: the name and the remedy, and never a password.

use tokio::net::TcpSocket;

use crate::migration::{Migration, PASSWORD, check, command, said};

const NOWHERE: &str = "postgresql://nobody@127.0.0.1:1/none";

#[tokio::test]
async fn names_that_nothing_has_are_refused_all_at_once() {
    let shop = Migration::new().await;
    shop.both("create table orders (id int primary key)").await;
    for (arguments, words) in [
        (
            &["--schema", "shop,shopp", "--schema", "none"][..],
            &["shopp, none", "--schema"][..],
        ),
        (
            &["--exclude", "ordrs,orders,shop.x*"],
            &["ordrs, shop.x*", "--exclude"],
        ),
        (
            &["--exempt-role", "noone,nobody_else"],
            &["noone", "nobody_else", "--exempt-role"],
        ),
        (&["--exclude", "orders"], &["no table of the source is in scope"]),
    ] {
        let said = shop.check(arguments);
        assert_eq!(
            said.status,
            Some(2),
            "{arguments:?}: {}{}",
            said.stdout,
            said.stderr
        );
        assert_eq!(said.stdout, "", "{arguments:?}");
        for word in words {
            assert!(said.stderr.contains(word), "{arguments:?}: {}", said.stderr);
        }
    }
}

#[tokio::test]
async fn an_empty_database_and_one_database_given_twice_prove_nothing() {
    let shop = Migration::new().await;
    assert_eq!(shop.check(&[]).status, Some(2));
    shop.both("create table orders (id int primary key)").await;
    let url = shop.url(&shop.source, "xo");
    let said = check(&url, &url.replace("127.0.0.1", "localhost"), &[]);
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("the same database"), "{}", said.stderr);
}

#[tokio::test]
async fn servers_that_are_not_there_are_both_named_with_the_remedy() {
    // Bound but not listening: no other process gets the port, and connections are refused.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    let away = |name: &str| format!("postgresql://app:{PASSWORD}@127.0.0.1:{port}/{name}");
    let said = check(&away("old"), &away("new"), &[]);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    for word in [
        "source database old",
        "target database new",
        "make the named server or service reachable",
    ] {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_being_shown() {
    let shop = Migration::new().await;
    let wrong = shop.url(&shop.source, "xo").replace(PASSWORD, "wrong-secret");
    let said = check(&wrong, &shop.url(&shop.target, "xo"), &[]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.stderr.contains("password authentication failed"),
        "{}",
        said.stderr
    );
    assert!(!said.stderr.contains("wrong-secret"), "{}", said.stderr);
}

#[test]
fn both_databases_have_to_be_named() {
    for missing in ["CROSSOVER_SOURCE", "CROSSOVER_TARGET"] {
        let output = command("check", NOWHERE, NOWHERE, &[])
            .env_remove(missing)
            .output()
            .unwrap();
        let said = said(&output);
        assert_eq!(said.status, Some(2));
        let option = missing.replace("CROSSOVER_", "--").to_lowercase();
        assert!(said.stderr.contains(&option), "{}", said.stderr);
        assert!(!said.stderr.contains("cannot be reached"), "{}", said.stderr);
    }
}

#[test]
fn help_says_which_role_connects_and_names_every_exit_status() {
    let output = command("check", NOWHERE, NOWHERE, &["--help"]).output().unwrap();
    let said = said(&output);
    assert_eq!(said.status, Some(0));
    for words in [
        "Log in with the roles that the functions will use",
        "0 no finding blocks",
        "1 blocked",
        "could not run",
        "130 interrupted",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_an_error() {
    let said = check(NOWHERE, NOWHERE, &["--html", "/no-such-folder/page.html"]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.stderr
            .contains("cannot write the page /no-such-folder/page.html"),
        "{}",
        said.stderr
    );
    let shop = Migration::new().await;
    shop.both("create table orders (id int primary key)").await;
    let (source, target) = (shop.url(&shop.source, "xo"), shop.url(&shop.target, "xo"));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command("check", &source, &target, &[])
        .stdout(full)
        .output()
        .unwrap();
    let said = crate::migration::said(&output);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("standard output"), "{}", said.stderr);
}
