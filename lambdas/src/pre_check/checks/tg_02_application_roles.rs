use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// The new writer refuses application writes until the commit.
pub struct ApplicationRoles;

#[async_trait]
impl Check for ApplicationRoles {
    fn id(&self) -> &'static str {
        "TG02"
    }
    fn looks_at(&self) -> &'static str {
        "the application's roles exist on the target with the same rights, and cannot log in there yet"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "The application needs its roles on the target immediately after the commit, and must not write there before it."
    }
    fn remedy(&self) -> &'static str {
        "Create the roles on the target with the same grants, as NOLOGIN; Crossover gives them LOGIN after the commit."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let scope = ctx.scope;
        let writers: Vec<String> = ctx
            .old_writer
            .reads
            .roles(scope, &[])
            .await?
            .into_iter()
            .filter(|r| r.writes && r.can_login && !r.superuser)
            .map(|r| r.role)
            .collect();
        let there = ctx.new_writer.reads.roles(scope, &writers).await?;
        let mut findings = Vec::new();
        for role in &writers {
            match there.iter().find(|r| r.role == *role) {
                None => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "does not exist: the application could not log in after the commit".to_owned(),
                    "create the role on the target with the same grants, as NOLOGIN; Crossover gives it LOGIN after the commit",
                )),
                Some(found) if found.can_login => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "can already log in: the target would accept its writes before the commit".to_owned(),
                    "alter role ... nologin on the target; Crossover gives it LOGIN after the commit",
                )),
                Some(found) if !found.writes => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "can write on the source but not on the target: the application's writes would fail after the commit"
                        .to_owned(),
                    "grant the role the same rights on the target",
                )),
                Some(_) => {}
            }
        }
        Ok(findings)
    }
}
