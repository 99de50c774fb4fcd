//! Links by which files are fetched: each a secret that stands nowhere but with its holder, good for some days.
//!
//! Who asks over the API gets one made of its own key, so that asked twice it is the same. A mail's is made when the mail goes out, because
//! what the outbox keeps must not open anything: each try of it has one of its own.

use super::jobs::{after, name_of};
use crate::asked::Note;
use crate::{Engine, EngineError, Origin, RefusalCode, Refused};
use farthing_core::export::{ExportId, ExportState, FileFormat, LINK_DAYS, LinkId, LinkText};
use farthing_core::time::Instant;
use farthing_store::{ExportJobRow, ExportLinkRow, StoreError, Tx};
use serde_json::json;

/// What is kept of the making of a link: what its secret comes from, but not the secret.
type Made = ([u8; 16], [u8; 16]);

impl Engine {
    /// A link to a file that is ready. `test`: of a test cloud; `now`: the real time.
    pub fn export_link(
        &self,
        cloud: &str,
        (id, test): (ExportId, bool),
        origin: &Origin,
        now: Instant,
    ) -> Result<(LinkText, Instant), Refused> {
        let (from, chance) = (origin.clone(), [self.ids.bytes(), self.ids.bytes()]);
        let salt = self.ids.bytes();
        let expires = after(now, LINK_DAYS.saturating_mul(86_400))?;
        let (made, expires): (Made, i64) = self.ask_desk("export_link", cloud, move |desk| {
            let job = desk.tx.export_job(desk.cloud, id)?;
            let job = job.ok_or_else(|| Refused::not_found("export", &id.to_string()))?;
            let until = job.expires.filter(|_| job.state == ExportState::Ready);
            let Some(until) = until.filter(|until| now < *until) else {
                let what = format!("export {id} has no file to fetch: it is {}", job.state.name());
                return Err(Refused::new(RefusalCode::Conflict, what));
            };
            let link: LinkId = desk.ids.id(desk.now);
            let text = LinkText::new(test, desk.cloud, link, secret(&from, chance, link, &salt));
            let expires = expires.min(until);
            keep(desk.tx, id, &text, (now, expires))?;
            let facts = json!({ "export": id.to_string(), "until": expires.to_string() });
            desk.notes.push(Note::new("export.link_made", link.to_string()).became(&facts));
            Ok(((link.to_bytes(), salt), expires.micros()))
        })?;
        let (link, salt) = (LinkId::from_bytes(made.0), made.1);
        let text = LinkText::new(test, cloud, link, secret(origin, chance, link, &salt));
        // Made again of another key it would open nothing.
        let kept = self.store.read("export_link", |tx| tx.export_link(link)).map_err(EngineError::from)?;
        if kept.is_some_and(|kept| text.fits(&kept.hash)) {
            return Ok((text, Instant::from_micros(expires)));
        }
        let what =
            "that link was told to the key that asked for it: ask for another, with an Idempotency-Key of its own";
        Err(Refused::new(RefusalCode::Conflict, what))
    }

    /// The file that a link opens at an instant: its job, its format, and what it is called. Nothing tells why one opens none.
    pub fn export_opened(
        &self,
        link: &LinkText,
        now: Instant,
    ) -> Result<Option<(ExportId, FileFormat, String)>, EngineError> {
        Ok(self.store.read("export_opened", |tx| {
            let kept = tx.export_link(link.id)?;
            let Some(kept) =
                kept.filter(|kept| link.fits(&kept.hash) && kept.cloud == link.cloud && now < kept.expires)
            else {
                return Ok(None);
            };
            let job = tx.export_job(&kept.cloud, kept.job)?.filter(|job| job.state == ExportState::Ready);
            Ok::<_, StoreError>(job.map(|job: ExportJobRow| (job.id, job.format, name_of(&job))))
        })?)
    }
}

fn secret(origin: &Origin, [first, second]: [[u8; 16]; 2], link: LinkId, salt: &[u8]) -> [u8; 32] {
    match origin {
        Origin::Chance => {
            let mut secret = [0; 32];
            secret[..16].copy_from_slice(&first);
            secret[16..].copy_from_slice(&second);
            secret
        }
        Origin::Key(key) => key.beget(&[b"export link", &link.to_bytes(), salt]),
    }
}

fn keep(
    tx: &mut Tx<'_>,
    job: ExportId,
    text: &LinkText,
    (made, expires): (Instant, Instant),
) -> Result<(), StoreError> {
    tx.export_link_insert(&ExportLinkRow {
        id: text.id,
        job,
        cloud: text.cloud.clone(),
        hash: text.hash(),
        made,
        expires,
    })
}

/// What a mail about an export says instead of `data`: the same, with a link of its own.
pub(crate) fn mail_link(
    tx: &mut Tx<'_>,
    cloud: &str,
    data: &str,
    (link, chance, test): (LinkId, [[u8; 16]; 2], bool),
    (base, now): (&str, Instant),
) -> Result<String, EngineError> {
    let wrong = || StoreError::corrupt(format!("what was told of an export reads {data:?}"));
    let mut told: serde_json::Value = serde_json::from_str(data).map_err(|_| wrong())?;
    let id = told["export"].as_str().and_then(|id| ExportId::parse(id).ok()).ok_or_else(wrong)?;
    let job = tx.export_job(cloud, id)?;
    let ready = job.filter(|job| job.state == ExportState::Ready).and_then(|job| job.expires);
    if let Some(expires) = ready.filter(|expires| now < *expires) {
        let text = LinkText::new(test, cloud, link, secret(&Origin::Chance, chance, link, &[]));
        keep(tx, id, &text, (now, expires))?;
        told["link"] = json!(format!("{}/exports/{}", base.trim_end_matches('/'), text.reveal()));
    }
    Ok(told.to_string())
}
