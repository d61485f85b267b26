//! The order of the measurements.

/// Which Worker takes a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    Ours,
    /// About ten lines of JavaScript without rules.
    Plain,
    Earlier,
}

impl Build {
    pub const ALL: [Self; 3] = [Self::Ours, Self::Plain, Self::Earlier];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Plain => "plain",
            Self::Earlier => "earlier",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    /// With a small body.
    Post,
}

impl Method {
    pub const ALL: [Self; 2] = [Self::Get, Self::Post];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The turns of one round. The Workers take their turns with the same method directly one after the other, so
/// that both have the same machine; in four rounds each Worker and each method comes first equally often.
pub fn turns(round: u64, builds: &[Build]) -> Vec<(Method, Build)> {
    let mut methods = Method::ALL;
    if round / 2 % 2 == 1 {
        methods.reverse();
    }
    let mut turns = Vec::new();
    for (place, method) in (0..).zip(methods) {
        let mut builds = builds.to_vec();
        let first = (round + place) as usize % builds.len();
        builds.rotate_left(first);
        turns.extend(builds.into_iter().map(|build| (method, build)));
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Build; 2] = [Build::Ours, Build::Plain];

    #[test]
    fn every_round_has_every_worker_with_every_method_once() {
        for round in 0..8 {
            let turns = turns(round, &BOTH);
            assert_eq!(turns.len(), 4);
            for method in Method::ALL {
                for build in BOTH {
                    assert!(turns.contains(&(method, build)), "{round}: {turns:?}");
                }
            }
            // The pairs that are compared are neighbours.
            assert_eq!((turns[0].0, turns[2].0), (turns[1].0, turns[3].0));
        }
    }

    #[test]
    fn in_four_rounds_each_comes_first_equally_often() {
        let rounds: Vec<_> = (0..4).map(|round| turns(round, &BOTH)).collect();
        let first_method = rounds.iter().filter(|turns| turns[0].0 == Method::Get);
        assert_eq!(first_method.count(), 2);
        for method in Method::ALL {
            let first = |turns: &&Vec<(Method, Build)>| {
                turns.iter().find(|turn| turn.0 == method).unwrap().1 == Build::Ours
            };
            assert_eq!(rounds.iter().filter(first).count(), 2);
        }
    }

    #[test]
    fn one_worker_alone_takes_each_method_in_turn() {
        let own = [(Method::Get, Build::Ours), (Method::Post, Build::Ours)];
        assert_eq!(turns(0, &BOTH[..1]), own);
    }
}
