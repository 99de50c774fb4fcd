//! People who may use the consoles, and what each may do there. Nothing here is evidence: whoever is erased leaves nothing.
//!
//! Secrets stand in types that show themselves to nobody: what is kept of a password, and an authenticator's secret.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::access::{OperatorRole, PasswordHash, PersonId, TotpSecret};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    pub id: PersonId,
    /// Empty: an operator of every cloud.
    pub cloud: String,
    /// What members and wallets call them.
    pub person: String,
    /// In small letters: addresses are compared so.
    pub email: String,
    pub name: String,
    /// Such as `en`; empty: the cloud's.
    pub language: String,
    /// Of an operator; none: one of a customer's people.
    pub operator: Option<OperatorRole>,
    /// None: not chosen yet.
    pub password: Option<PasswordHash>,
    pub totp: Option<TotpSecret>,
    /// Shown to them, not confirmed.
    pub totp_new: Option<TotpSecret>,
    /// The step of the last code that was used.
    pub totp_step: Option<i64>,
    pub made: Instant,
    pub signed_in: Option<Instant>,
}

/// What a person is to an account, or to one project of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRoleRow {
    pub account: OwnerId,
    pub account_name: String,
    /// None: the whole account.
    pub project: Option<(i64, String)>,
    /// As `member` has it, which may be a word of the cloud's own.
    pub role: String,
}

impl Tx<'_> {
    pub fn person_insert(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let password = person.password.as_ref().map(PasswordHash::to_text).unwrap_or_default();
        self.execute(
            "INSERT INTO person (id, cloud, operator, person, email, name, language, role, password, made)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                person.id.to_bytes().as_slice().into(),
                person.cloud.as_str().into(),
                person.operator.is_some().into(),
                person.person.as_str().into(),
                person.email.as_str().into(),
                person.name.as_str().into(),
                person.language.as_str().into(),
                person.operator.map_or("", OperatorRole::name).into(),
                password.as_str().into(),
                person.made.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn person(&mut self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.one(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.id = $1 {lock p}",
            &[id.to_bytes().as_slice().into()],
            person_from,
        )
    }

    /// One of a customer's people.
    pub fn person_by_email(&mut self, cloud: &str, email: &str) -> Result<Option<PersonRow>, StoreError> {
        self.one(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.cloud = $1 AND p.email = $2 AND NOT p.operator {lock p}",
            &[cloud.into(), email.into()],
            person_from,
        )
    }

    pub fn person_by_name(&mut self, cloud: &str, person: &str) -> Result<Option<PersonRow>, StoreError> {
        self.one(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.cloud = $1 AND p.person = $2 AND NOT p.operator {lock p}",
            &[cloud.into(), person.into()],
            person_from,
        )
    }

    /// Operators have one address on a server, whichever clouds they are of.
    pub fn operator_by_email(&mut self, email: &str) -> Result<Option<PersonRow>, StoreError> {
        self.one(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.email = $1 AND p.operator {lock p}",
            &[email.into()],
            person_from,
        )
    }

    /// The people of a cloud's customers, or its operators, in the order they came: those after one of them, at most so many.
    pub fn people_page(
        &mut self,
        cloud: &str,
        operators: bool,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<PersonRow>, StoreError> {
        let after = after.map_or([0; 16], PersonId::to_bytes);
        self.rows(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.cloud = $1 AND p.operator = $2 AND p.id > $3 ORDER BY p.id LIMIT $4",
            &[cloud.into(), operators.into(), after.as_slice().into(), limit.into()],
            person_from,
        )
    }

    /// Every operator of this store.
    pub fn operators(&mut self) -> Result<Vec<PersonRow>, StoreError> {
        self.rows(
            "SELECT p.id, p.cloud, p.operator, p.person, p.email, p.name, p.language, p.role, p.password, p.totp, p.totp_new, p.totp_step,
                    p.made, p.signed_in
             FROM person p WHERE p.operator ORDER BY p.cloud, p.id",
            &[],
            person_from,
        )
    }

    /// Writes what may change of a person: all but whose they are.
    pub fn person_write(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let password = person.password.as_ref().map(PasswordHash::to_text).unwrap_or_default();
        let [totp, totp_new] = [&person.totp, &person.totp_new].map(|secret| secret.as_ref().map(TotpSecret::to_bytes));
        self.execute(
            "UPDATE person SET name = $2, language = $3, role = $4, password = $5, totp = $6, totp_new = $7, totp_step = $8, signed_in = $9
             WHERE id = $1",
            &[
                person.id.to_bytes().as_slice().into(),
                person.name.as_str().into(),
                person.language.as_str().into(),
                person.operator.map_or("", OperatorRole::name).into(),
                password.as_str().into(),
                bytes_or_null(totp.as_ref()),
                bytes_or_null(totp_new.as_ref()),
                person.totp_step.into(),
                person.signed_in.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// Takes a person away, with everything that opened something to them, and from every account of their cloud.
    pub fn person_erase(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let id = person.id.to_bytes();
        self.execute("DELETE FROM session WHERE person = $1", &[id.as_slice().into()])?;
        self.execute("DELETE FROM person_link WHERE person = $1", &[id.as_slice().into()])?;
        self.execute("DELETE FROM recovery_code WHERE person = $1", &[id.as_slice().into()])?;
        if person.operator.is_none() {
            // What the portal opened for them under the same name as well.
            let values = [person.cloud.as_str().into(), person.person.as_str().into()];
            self.execute("DELETE FROM session WHERE cloud = $1 AND account <> 0 AND who = $2", &values)?;
            self.execute("DELETE FROM person_link WHERE cloud = $1 AND account <> 0 AND who = $2", &values)?;
            self.execute(
                "DELETE FROM member WHERE person = $2 AND account IN (SELECT id FROM account WHERE cloud = $1)",
                &values,
            )?;
        }
        self.execute("DELETE FROM person WHERE id = $1", &[id.as_slice().into()])?;
        Ok(())
    }

    /// What somebody is to which accounts of a cloud. A project's is its owner's now, whoever it was when they came.
    pub fn person_roles(&mut self, cloud: &str, person: &str) -> Result<Vec<PersonRoleRow>, StoreError> {
        self.rows(
            "SELECT a.id, a.name, m.project, coalesce(p.name, ''), m.role
             FROM member m LEFT JOIN project p ON p.id = m.project JOIN account a ON a.id = coalesce(p.account, m.account)
             WHERE m.person = $2 AND a.cloud = $1 ORDER BY a.name, m.project",
            &[cloud.into(), person.into()],
            |row| {
                let project = Some(row.int(2)?).filter(|project| *project != 0);
                let name = row.text(3)?;
                Ok(PersonRoleRow {
                    account: OwnerId(row.int(0)?),
                    account_name: row.text(1)?,
                    project: project.map(|project| (project, name)),
                    role: row.text(4)?,
                })
            },
        )
    }

    /// The name of an account of a cloud; none: it is another's.
    pub fn account_name(&mut self, cloud: &str, account: OwnerId) -> Result<Option<String>, StoreError> {
        self.one("SELECT name FROM account WHERE id = $1 AND cloud = $2", &[account.0.into(), cloud.into()], |row| {
            row.text(0)
        })
    }

    /// Instead of those there were.
    pub fn recovery_codes_put(&mut self, person: PersonId, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
        let id = person.to_bytes();
        self.execute("DELETE FROM recovery_code WHERE person = $1", &[id.as_slice().into()])?;
        for hash in hashes {
            self.execute(
                "INSERT INTO recovery_code (person, hash) VALUES ($1, $2)",
                &[id.as_slice().into(), hash.as_slice().into()],
            )?;
        }
        Ok(())
    }

    /// Uses one up. False: there is no such one, or it was used.
    pub fn recovery_code_use(&mut self, person: PersonId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let used = self.execute(
            "DELETE FROM recovery_code WHERE person = $1 AND hash = $2",
            &[person.to_bytes().as_slice().into(), hash.as_slice().into()],
        )?;
        Ok(used > 0)
    }

    pub fn recovery_codes_left(&mut self, person: PersonId) -> Result<i64, StoreError> {
        let left = self.one(
            "SELECT count(*) FROM recovery_code WHERE person = $1",
            &[person.to_bytes().as_slice().into()],
            |row| row.int(0),
        )?;
        Ok(left.unwrap_or(0))
    }
}

fn bytes_or_null(bytes: Option<&[u8; 20]>) -> Value<'_> {
    bytes.map_or(Value::Null, |bytes| Value::Bytes(bytes))
}

fn person_from(row: &Row<'_>) -> Result<PersonRow, StoreError> {
    let (role, password) = (row.text(7)?, row.text(8)?);
    let operator = if row.bool(2)? {
        let role = OperatorRole::parse(&role);
        Some(role.ok_or_else(|| StoreError::corrupt("an operator has a role that there is not"))?)
    } else {
        None
    };
    let password = match password.as_str() {
        "" => None,
        // The text itself is told to nobody.
        text => Some(
            PasswordHash::parse(text)
                .ok_or_else(|| StoreError::corrupt("what is kept of a password cannot be read"))?,
        ),
    };
    Ok(PersonRow {
        id: PersonId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        person: row.text(3)?,
        email: row.text(4)?,
        name: row.text(5)?,
        language: row.text(6)?,
        operator,
        password,
        totp: row.opt_bytes::<20>(9)?.map(TotpSecret::new),
        totp_new: row.opt_bytes::<20>(10)?.map(TotpSecret::new),
        totp_step: row.opt_int(11)?,
        made: Instant::from_micros(row.int(12)?),
        signed_in: row.opt_int(13)?.map(Instant::from_micros),
    })
}
