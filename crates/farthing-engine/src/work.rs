//! Runs a use case over accounts of one cloud in one transaction: all of it stands, or nothing.

use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};

impl Engine {
    /// `change` may run again; what it did is written when it ends well.
    pub(crate) fn work<T: Send + 'static>(
        &self,
        name: &'static str,
        cloud: &str,
        mut change: impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (cloud, clock, ids, clouds) = (cloud.to_owned(), self.clock.clone(), self.ids.clone(), self.clouds.clone());
        let own = cloud.clone();
        let (answer, issued) = self.store.write(name, move |tx| {
            let now = clock.now()?;
            let Some(book) = clouds.get(tx, &cloud)? else {
                let what = format!("cloud {cloud:?} has no configuration: apply one with `farthing apply`");
                return Err(Refused::new(RefusalCode::NotFound, what));
            };
            let mut work = Work::new(tx, book, &ids, now)?;
            let answer = change(&mut work)?;
            let issued = work.issued;
            work.finish()?;
            Ok::<_, Refused>((answer, issued))
        })?;
        if issued {
            // It stands, numbered or not: whatever went wrong, the next to come here or what is due numbers it.
            drop(self.number_bills(&own));
        }
        Ok(answer)
    }
}
