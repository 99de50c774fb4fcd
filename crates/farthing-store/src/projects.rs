//! Projects hold resources; the account that owns one pays for them. Members use them.

use crate::{StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRow {
    pub id: i64,
    pub cloud: String,
    pub name: String,
    pub account: OwnerId,
}

/// A person who uses an account, or one of its projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub account: OwnerId,
    /// 0: the whole account.
    pub project: i64,
    pub person: String,
    pub role: String,
}

impl Tx<'_> {
    pub fn project_insert(
        &mut self,
        cloud: &str,
        name: &str,
        account: OwnerId,
        now: Instant,
    ) -> Result<i64, StoreError> {
        let id = self.next_number("SELECT coalesce(max(id), 0) + 1 FROM project")?;
        self.execute(
            "INSERT INTO project (id, cloud, name, account, opened) VALUES ($1, $2, $3, $4, $5)",
            &[id.into(), cloud.into(), name.into(), account.0.into(), now.micros().into()],
        )?;
        Ok(id)
    }

    pub fn project_by_name(&mut self, cloud: &str, name: &str) -> Result<Option<ProjectRow>, StoreError> {
        self.one(
            "SELECT id, cloud, name, account FROM project WHERE cloud = $1 AND name = $2",
            &[cloud.into(), name.into()],
            |row| {
                Ok(ProjectRow {
                    id: row.int(0)?,
                    cloud: row.text(1)?,
                    name: row.text(2)?,
                    account: OwnerId(row.int(3)?),
                })
            },
        )
    }

    pub fn project_name(&mut self, id: i64) -> Result<Option<String>, StoreError> {
        self.one("SELECT name FROM project WHERE id = $1", &[id.into()], |row| row.text(0))
    }

    /// Those of a cloud in the order of opening, after one of them; of one account, or of all (0).
    pub fn projects_page(
        &mut self,
        cloud: &str,
        account: OwnerId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ProjectRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, name, account FROM project
             WHERE cloud = $1 AND id > $2 AND (CAST($3 AS BIGINT) = 0 OR account = $3) ORDER BY id LIMIT $4",
            &[cloud.into(), after.into(), account.0.into(), limit.into()],
            |row| {
                Ok(ProjectRow {
                    id: row.int(0)?,
                    cloud: row.text(1)?,
                    name: row.text(2)?,
                    account: OwnerId(row.int(3)?),
                })
            },
        )
    }

    /// Whether there was one.
    pub fn member_remove(&mut self, account: OwnerId, project: i64, person: &str) -> Result<bool, StoreError> {
        let removed = self.execute(
            "DELETE FROM member WHERE account = $1 AND project = $2 AND person = $3",
            &[account.0.into(), project.into(), person.into()],
        )?;
        Ok(removed > 0)
    }

    pub fn project_give(&mut self, id: i64, to: OwnerId) -> Result<(), StoreError> {
        self.execute("UPDATE project SET account = $2 WHERE id = $1", &[id.into(), to.0.into()])?;
        Ok(())
    }

    /// Adds a member, or gives one another role.
    pub fn member_put(&mut self, member: &MemberRow, now: Instant) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO member (account, project, person, role, since) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, project, person) DO UPDATE SET role = excluded.role",
            &[
                member.account.0.into(),
                member.project.into(),
                member.person.as_str().into(),
                member.role.as_str().into(),
                now.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn members_of(&mut self, account: OwnerId) -> Result<Vec<MemberRow>, StoreError> {
        self.rows(
            "SELECT account, project, person, role FROM member WHERE account = $1 ORDER BY project, person",
            &[account.0.into()],
            |row| {
                Ok(MemberRow {
                    account: OwnerId(row.int(0)?),
                    project: row.int(1)?,
                    person: row.text(2)?,
                    role: row.text(3)?,
                })
            },
        )
    }
}
