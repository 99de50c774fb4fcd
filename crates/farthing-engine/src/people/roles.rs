//! What somebody is to an account or a project: changed, taken away; and whoever is erased.

use super::{person_of, subject};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, project_of};
use crate::{Engine, Refused};
use farthing_core::access::{PersonId, Role};
use farthing_core::ledger::OwnerId;
use farthing_store::{MemberRow, PersonRow};
use serde_json::json;

impl Engine {
    pub fn set_person_role(
        &self,
        cloud: &str,
        id: PersonId,
        (account, project): (&str, Option<&str>),
        role: Role,
    ) -> Result<(), Refused> {
        let (account, project) = (account.to_owned(), project.map(str::to_owned));
        self.ask("set_person_role", cloud, move |work| {
            let (person, owner, place) = found(work, id, &account, project.as_deref())?;
            let recorded = work.now;
            let row = MemberRow { account: owner, project: place, person: person.person, role: role.name().to_owned() };
            work.tx.member_put(&row, recorded)?;
            let facts = json!({ "account": account, "project": project, "role": role.name() });
            work.notes.push(Note::new("person.role_changed", subject(id)).became(&facts));
            Ok(())
        })
    }

    /// They see nothing of it from the next page on. One who was nothing to it is no mistake.
    pub fn remove_person(
        &self,
        cloud: &str,
        id: PersonId,
        (account, project): (&str, Option<&str>),
    ) -> Result<(), Refused> {
        let (account, project) = (account.to_owned(), project.map(str::to_owned));
        self.ask("remove_person", cloud, move |work| {
            let (person, owner, place) = found(work, id, &account, project.as_deref())?;
            let cloud = work.cloud.id.clone();
            if work.tx.member_remove(owner, place, &person.person)? {
                work.tx.vouched_end(&cloud, &person.person)?;
                let facts = json!({ "account": account, "project": project });
                work.notes.push(Note::new("person.removed", subject(id)).was(&facts));
            }
            Ok(())
        })
    }

    /// Nothing of them is left: not their address, not what they were to any account, and whoever sits there is signed out.
    pub fn erase_person(&self, cloud: &str, id: PersonId) -> Result<(), Refused> {
        self.ask_desk("erase_person", cloud, move |desk| {
            let person = person_of(desk.tx, desk.cloud, id)?;
            let person = person.ok_or_else(|| Refused::not_found("person", &id.to_string()))?;
            desk.tx.person_erase(&person)?;
            desk.notes.push(Note::new("person.erased", subject(id)));
            Ok(())
        })
    }
}

fn found(
    work: &mut Work<'_, '_>,
    id: PersonId,
    account: &str,
    project: Option<&str>,
) -> Result<(PersonRow, OwnerId, i64), Refused> {
    let cloud = work.cloud.id.clone();
    let person = person_of(work.tx, &cloud, id)?;
    let person = person.ok_or_else(|| Refused::not_found("person", &id.to_string()))?;
    let owner = account_ever(work, account)?.id;
    match project {
        None => Ok((person, owner, 0)),
        Some(name) => {
            let project = project_of(work, name)?;
            if project.account != owner {
                return Err(Refused::not_found("project", name));
            }
            Ok((person, owner, project.id))
        }
    }
}
