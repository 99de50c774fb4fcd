//! The demo's clouds stop a resource the moment their customer asks for it on a page.

use farthing_console::Stopper;
use farthing_engine::{Engine, Refused, Reported, ResourceFact};

#[derive(Debug)]
pub(super) struct AtOnce;

impl Stopper for AtOnce {
    fn stop(&self, engine: &Engine, cloud: &str, resource: &str) -> Result<(), Refused> {
        let fact = ResourceFact { resource: resource.to_owned(), at: None, id: None, what: Reported::Stop };
        engine.record_fact(cloud, &fact).map(|_| ())
    }
}
