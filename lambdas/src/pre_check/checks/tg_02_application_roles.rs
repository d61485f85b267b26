use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// The target refuses application writes before the commit.
pub struct ApplicationRoles;

#[async_trait]
impl Check for ApplicationRoles {
    fn id(&self) -> &'static str {
        "TG02"
    }
    fn looks_at(&self) -> &'static str {
        "application roles on the target: there, and not able to log in yet"
    }
    fn why(&self) -> &'static str {
        "The application needs its roles on the target right after the commit, and must not be able to log in there before it."
    }
    fn remedy(&self) -> &'static str {
        "Create the roles on the target with the same grants, as NOLOGIN; the commit gives the login back."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let scope = &ctx.plan.scope;
        let writers: Vec<String> = ctx
            .old_writer
            .roles(scope, &[])
            .await?
            .into_iter()
            .filter(|r| r.writes && r.can_login && !r.superuser)
            .map(|r| r.role)
            .collect();
        let there = ctx.new_writer.roles(scope, &writers).await?;
        let mut findings = Vec::new();
        for role in &writers {
            match there.iter().find(|r| r.role == *role) {
                None => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "does not exist: the application could not log in after the commit".to_owned(),
                    "create it on the target with the same grants, as NOLOGIN",
                )),
                Some(found) if found.can_login => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "can log in already: the target would accept writes before the commit".to_owned(),
                    "alter role ... nologin on the target; the commit gives it back",
                )),
                Some(found) if !found.writes => findings.push(self.finds(
                    &format!("target: role {role}"),
                    "can write on the source but not on the target".to_owned(),
                    "grant it the same rights on the target",
                )),
                Some(_) => {}
            }
        }
        Ok(findings)
    }
}
