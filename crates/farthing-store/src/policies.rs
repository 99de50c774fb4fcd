//! Dated versions of the clouds' configurations, with their files.

use crate::{Column, Row, StoreError, Tx};
use farthing_core::policy::{Files, Version, VersionAuditor, Versions, digest_of_files, seal_file};
use farthing_core::time::Instant;

/// The newest that a cloud has said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudNewest {
    /// The number of its newest version, and when that starts.
    pub version: i64,
    pub starts: Instant,
    /// The number of the newest report of an outage; 0: there is none.
    pub outage: i64,
}

impl Tx<'_> {
    /// The clouds that have a version, in order of name.
    pub fn policy_clouds(&mut self) -> Result<Vec<String>, StoreError> {
        let mut clouds = self.rows("SELECT DISTINCT cloud FROM policy_version", &[], |row| row.text(0))?;
        clouds.sort_unstable(); // each database has an order of text of its own
        Ok(clouds)
    }

    /// What tells whether anything was applied or reported meanwhile; none where the cloud has no version.
    pub fn cloud_newest(&mut self, cloud: &str) -> Result<Option<CloudNewest>, StoreError> {
        self.one(
            "SELECT number, starts, coalesce((SELECT max(number) FROM outage WHERE outage.cloud = $1), 0)
             FROM policy_version WHERE cloud = $1 ORDER BY number DESC LIMIT 1",
            &[cloud.into()],
            |row| {
                let starts = Instant::from_micros(row.int(1)?);
                Ok(CloudNewest { version: row.int(0)?, starts, outage: row.int(2)? })
            },
        )
    }

    /// All versions of a cloud, none where it has none.
    pub fn policy_versions(&mut self, cloud: &str) -> Result<Versions, StoreError> {
        let list = self.rows(
            "SELECT number, starts, corrects, who, why, recorded, files_digest, digest
             FROM policy_version WHERE cloud = $1 ORDER BY number",
            &[cloud.into()],
            version_from,
        )?;
        Versions::try_new(cloud, list).map_err(|error| StoreError::corrupt(format!("cloud {cloud}, {error}")))
    }

    /// The files of a version. Money is computed from them, so they are compared with their hash whenever they are read.
    pub fn policy_files(&mut self, cloud: &str, number: i64) -> Result<Option<Files>, StoreError> {
        let digest = self.one(
            "SELECT files_digest FROM policy_version WHERE cloud = $1 AND number = $2",
            &[cloud.into(), number.into()],
            |row| row.bytes::<32>(0),
        )?;
        let Some(digest) = digest else { return Ok(None) };
        let files = self.rows(
            "SELECT name, text FROM policy_file WHERE cloud = $1 AND number = $2",
            &[cloud.into(), number.into()],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )?;
        let files = Files::from_iter(files);
        if digest_of_files(&files) != digest {
            return Err(StoreError::corrupt(format!(
                "cloud {cloud}, policy version {number}: its files are not those it was written with"
            )));
        }
        Ok(Some(files))
    }

    /// Appends what `plan_apply` has made. Where another process has appended this number meanwhile, its key refuses the
    /// second, and the closure runs again: whoever decides reads the versions in the same closure.
    pub fn policy_append(&mut self, cloud: &str, version: &Version, files: &Files) -> Result<(), StoreError> {
        assert_eq!(version.files_digest, digest_of_files(files), "a version is appended with the files it was made of");
        self.execute(
            "INSERT INTO policy_version (cloud, number, starts, corrects, who, why, recorded, files_digest, digest, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                cloud.into(),
                version.number.into(),
                version.starts.micros().into(),
                version.corrects.into(),
                version.who.as_str().into(),
                version.why.as_str().into(),
                version.recorded.micros().into(),
                version.files_digest.as_slice().into(),
                version.digest.as_slice().into(),
                version.seal(cloud).into(),
            ],
        )?;
        let seals = files.iter().map(|(name, text)| seal_file(cloud, version.number, name, text));
        self.bulk_insert(
            "policy_file",
            &["cloud", "number", "name", "text", "seal"],
            vec![
                Column::Text(vec![cloud.to_owned(); files.len()]),
                Column::Int(vec![version.number; files.len()]),
                Column::Text(files.keys().cloned().collect()),
                Column::Text(files.values().cloned().collect()),
                Column::Int(seals.collect()),
            ],
        )
    }
}

/// Every row of every version, for `verify`.
pub(crate) fn audit_policies(tx: &mut Tx<'_>, auditor: &mut VersionAuditor) -> Result<(), StoreError> {
    tx.each("SELECT cloud, number, name, text, seal FROM policy_file ORDER BY cloud, number, name", &[], |row| {
        let (cloud, name, text) = (row.text_lossy(0)?, row.text_lossy(2)?, row.text_lossy(3)?);
        auditor.file(&cloud, row.int(1)?, &name, &text, row.int(4)?);
        Ok(())
    })?;
    tx.each(
        "SELECT number, starts, corrects, who, why, recorded, files_digest, digest, cloud, seal
         FROM policy_version ORDER BY cloud, number",
        &[],
        |row| {
            let cloud = row.text_lossy(8)?;
            match version_from(row) {
                Ok(version) => auditor.version(&cloud, version, row.int(9)?),
                // A row that cannot even be read is named like one that does not add up.
                Err(error) => auditor.unreadable(&cloud, row.int(0)?, crate::chain_of(&error)),
            }
            Ok(())
        },
    )
}

fn version_from(row: &Row<'_>) -> Result<Version, StoreError> {
    Ok(Version {
        number: row.int(0)?,
        starts: Instant::from_micros(row.int(1)?),
        corrects: row.opt_int(2)?,
        who: row.text(3)?,
        why: row.text(4)?,
        recorded: Instant::from_micros(row.int(5)?),
        files_digest: row.bytes(6)?,
        digest: row.bytes(7)?,
    })
}
