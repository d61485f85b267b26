//! The search of the whole model.
use crossover_model::*;
use stateright::{Checker, Model};

#[test]
fn first() {
    let c = Scope::cutover;
    for (name, scope) in [
        (
            "1 write, other",
            Scope {
                writes: 1,
                ..c().and_a_cutover_of(2)
            },
        ),
        (
            "1 write, zombie",
            Scope {
                writes: 1,
                zombie: true,
                ..c()
            },
        ),
        (
            "1 write, zombie abort",
            Scope {
                writes: 1,
                zombie: true,
                ..c().and_an_abort()
            },
        ),
        (
            "1 write, reports fail",
            Scope {
                writes: 1,
                reports_fail: true,
                ..c()
            },
        ),
    ] {
        let t = std::time::Instant::now();
        let checker = Cutover::new(scope)
            .checker()
            .threads(2)
            .timeout(std::time::Duration::from_secs(25))
            .spawn_bfs()
            .join();
        println!(
            "{name}: {} unique, {} all, depth {}, {:?}",
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth(),
            t.elapsed()
        );
        for (p, path) in checker.discoveries() {
            println!("  {p}");
            if !matches!(
                checker.discovery_classification(p),
                stateright::DiscoveryClassification::Example
            ) {
                for l in story(&path.into_vec()) {
                    println!("     {l}");
                }
            }
        }
    }
}
