//! Runs a use case over accounts of one cloud in one transaction: all of it stands, or nothing.

use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_store::Tx;

/// What a use case came to, and whether it issued bills.
type Done<T> = (T, bool);

impl Engine {
    /// `change` may run again; what it did is written when it ends well.
    pub(crate) fn work<T: Send + 'static>(
        &self,
        name: &'static str,
        cloud: &str,
        change: impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let done = self.store.write(name, self.transaction(cloud, change));
        self.done(cloud, done)
    }

    /// The same for each of many, of any clouds: each stands or falls for itself, and on SQLite they share a commit.
    pub(crate) fn work_each<T: Send + 'static>(
        &self,
        name: &'static str,
        changes: Vec<(String, impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static)>,
    ) -> Vec<Result<T, Refused>> {
        let (clouds, works): (Vec<String>, Vec<_>) = changes
            .into_iter()
            .map(|(cloud, change)| {
                let work = self.transaction(&cloud, change);
                (cloud, work)
            })
            .unzip();
        let done = self.store.write_each(name, works);
        clouds.iter().zip(done).map(|(cloud, done)| self.done(cloud, done)).collect()
    }

    fn transaction<T, C>(
        &self,
        cloud: &str,
        mut change: C,
    ) -> impl FnMut(&mut Tx<'_>) -> Result<Done<T>, Refused> + Send + 'static + use<T, C>
    where
        C: FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
    {
        let (cloud, clock, ids, clouds) = (cloud.to_owned(), self.clock.clone(), self.ids.clone(), self.clouds.clone());
        move |tx| {
            let now = clock.now()?;
            let Some(book) = clouds.get(tx, &cloud)? else {
                let what = format!("cloud {cloud:?} has no configuration: apply one with `farthing apply`");
                return Err(Refused::new(RefusalCode::NotFound, what));
            };
            let mut work = Work::new(tx, book, &ids, now)?;
            let answer = change(&mut work)?;
            let issued = work.issued;
            work.finish()?;
            Ok((answer, issued))
        }
    }

    fn done<T>(&self, cloud: &str, done: Result<Done<T>, Refused>) -> Result<T, Refused> {
        let (answer, issued) = done?;
        if issued {
            // It stands, numbered or not: whatever went wrong, the next to come here or what is due numbers it.
            drop(self.number_bills(cloud));
        }
        Ok(answer)
    }
}
