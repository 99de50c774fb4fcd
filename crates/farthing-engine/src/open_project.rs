//! Opens projects, adds members to them, and gives a project to another owner (R23).

use crate::asked::Note;
use crate::folio::Work;
use crate::record_fact::{self, FactToTell};
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_core::time::Instant;
use farthing_core::timeline::What;
use farthing_store::{MemberRow, PayerRow, ProjectRow, SubscriptionRow, ThingKind};
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub struct NewMember {
    pub person: String,
    /// Of a project, or of the whole account.
    pub project: Option<String>,
    pub account: Option<String>,
    pub role: String,
}

impl Engine {
    pub fn open_project(&self, cloud: &str, project: &str, account: &str) -> Result<(), Refused> {
        let (project, account) = (project.to_owned(), account.to_owned());
        self.ask("open_project", cloud, move |work| {
            if Name::parse(&project).is_none() {
                let what = format!("{project:?} is no name for a project: use lower-case letters, digits, - and _");
                return Err(Refused::new(RefusalCode::Invalid, what));
            }
            let payer = account_of(work, &account)?;
            let (cloud, now) = (work.cloud.id.clone(), work.now);
            match work.tx.project_by_name(&cloud, &project)? {
                None => {
                    work.tx.project_insert(&cloud, &project, payer.id, now)?;
                    let facts = json!({ "account": account });
                    work.notes.push(Note::new("project.opened", format!("project {project}")).became(&facts));
                    let event = Event::ProjectOpened { project: project.clone(), account: account.clone() };
                    work.tell(Some(payer.id), event);
                    Ok(())
                }
                Some(there) if there.account == payer.id => Ok(()),
                Some(_) => Err(Refused::new(
                    RefusalCode::Conflict,
                    format!("project {project:?} is there already, of another account"),
                )),
            }
        })
    }

    pub fn add_member(&self, cloud: &str, member: &NewMember) -> Result<(), Refused> {
        let member = member.clone();
        self.ask("add_member", cloud, move |work| {
            let (account, project) = match (&member.project, &member.account) {
                (Some(project), _) => {
                    let project = project_of(work, project)?;
                    (project.account, project.id)
                }
                (None, Some(account)) => (account_of(work, account)?.id, 0),
                (None, None) => {
                    return Err(Refused::new(
                        RefusalCode::Invalid,
                        "a member is one of a project or of an account: say which",
                    ));
                }
            };
            let row = MemberRow { account, project, person: member.person.clone(), role: member.role.clone() };
            let now = work.now;
            work.tx.member_put(&row, now)?;
            // Who it is may be erased one day; that somebody was added, and as what, stays.
            let subject = match (&member.project, &member.account) {
                (Some(project), _) => format!("project {project}"),
                (None, account) => format!("account {}", account.as_deref().unwrap_or_default()),
            };
            work.notes.push(Note::new("member.added", subject).became(&json!({ "role": member.role })));
            Ok(())
        })
    }

    /// Takes a member away; one who is not there is no mistake.
    pub fn remove_member(&self, cloud: &str, member: &NewMember) -> Result<(), Refused> {
        let member = member.clone();
        self.ask("remove_member", cloud, move |work| {
            let (account, project) = match (&member.project, &member.account) {
                (Some(project), _) => {
                    let project = project_of(work, project)?;
                    (project.account, project.id)
                }
                (None, Some(account)) => (account_of(work, account)?.id, 0),
                (None, None) => return Err(Refused::new(RefusalCode::Invalid, "say of which account or project")),
            };
            if work.tx.member_remove(account, project, &member.person)? {
                let subject = match (&member.project, &member.account) {
                    (Some(project), _) => format!("project {project}"),
                    (None, account) => format!("account {}", account.as_deref().unwrap_or_default()),
                };
                work.notes.push(Note::new("member.removed", subject));
            }
            Ok(())
        })
    }

    /// From now on another account pays for the project. The old one is settled to the second first (R23).
    pub fn move_project(&self, cloud: &str, project: &str, to: &str) -> Result<(), Refused> {
        let (project, to) = (project.to_owned(), to.to_owned());
        self.ask("move_project", cloud, move |work| {
            let project = project_of(work, &project)?;
            let (to, at) = (account_of(work, &to)?, work.now);
            if project.account == to.id {
                return Ok(());
            }
            // Members' wallets too, which pay for some of it.
            let paid_by = work.tx.things_of_project(project.id)?.into_iter().map(|thing| thing.account);
            let all: BTreeSet<OwnerId> = paid_by.chain([project.account, to.id]).collect();
            let all: Vec<OwnerId> = all.into_iter().collect();
            work.load(&all)?;
            // What is paid of terms stays with who paid it; from the next period on the new owner pays.
            for had in work.tx.subscriptions_of_project(project.id)? {
                work.tx.subscription_put(&SubscriptionRow { account: to.id, ..had })?;
            }
            if work.tx.shares_writing() && project_of(work, &project.name)?.account != project.account {
                return Err(work.tx.overtaken("the project was moved meanwhile").into());
            }
            for id in &all {
                work.bring_to(*id, at)?;
                work.post_all(*id, at)?;
            }
            for thing in work.tx.things_of_project(project.id)? {
                if thing.kind == ThingKind::Resource {
                    // After everything that was told of it, also by a process whose clock is a little ahead of ours.
                    let last = work.facts_of(&thing)?.iter().map(|fact| fact.at).max();
                    let at = last.map_or(at, |last| at.max(Instant::from_micros(last.micros() + 1)));
                    record_fact::tell(
                        work,
                        &thing,
                        &FactToTell { at, key: None, what: What::Move(to.id), flagged: false },
                    )?;
                }
            }
            work.tx.project_give(project.id, to.id)?;
            let from = work.folio(project.account).payer.name.clone();
            let note = Note::new("project.moved", format!("project {}", project.name));
            work.notes.push(note.was(&json!({ "account": from })).became(&json!({ "account": to.name })));
            work.tell(Some(to.id), Event::ProjectMoved { project: project.name.clone(), from, to: to.name.clone() });
            for id in all {
                work.post_all(id, at)?;
                work.folio(id).stir();
            }
            Ok(())
        })
    }
}

/// An account, closed or not: what was done while it was open is reported of it all the same.
pub(crate) fn account_ever(work: &mut Work<'_, '_>, name: &str) -> Result<PayerRow, Refused> {
    let cloud = work.cloud.id.clone();
    work.tx.payer_by_name(&cloud, name)?.ok_or_else(|| Refused::not_found("account", name))
}

pub(crate) fn account_of(work: &mut Work<'_, '_>, name: &str) -> Result<PayerRow, Refused> {
    let found = account_ever(work, name)?;
    is_open(&found)?;
    Ok(found)
}

pub(crate) fn is_open(account: &PayerRow) -> Result<(), Refused> {
    match account.closed {
        None => Ok(()),
        Some(closed) => {
            let what = format!("account {:?} was closed on {closed}", account.name);
            Err(Refused::new(RefusalCode::Conflict, what))
        }
    }
}

pub(crate) fn project_of(work: &mut Work<'_, '_>, name: &str) -> Result<ProjectRow, Refused> {
    let cloud = work.cloud.id.clone();
    work.tx.project_by_name(&cloud, name)?.ok_or_else(|| Refused::not_found("project", name))
}
