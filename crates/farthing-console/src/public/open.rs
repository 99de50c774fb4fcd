//! The way to a page that anybody may open: which cloud, in which language. Nobody is asked who they are.

use crate::block::Section;
use crate::frame::PageError;
use crate::shell::{Shell, shown};
use crate::web::asked::Came;
use crate::web::door::run;
use crate::web::sight::Page;
use crate::words::Language;
use crate::{Cloud, Console};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use farthing_core::time::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an open page is asked with.
pub(crate) struct Open {
    pub(crate) console: Arc<Console>,
    pub(crate) cloud: Cloud,
    pub(crate) language: Language,
    pub(crate) now: Instant,
    pub(crate) named: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, String>,
}

type Shown = fn(&Open) -> Result<Page, PageError>;

pub(super) fn opens(page: Shown) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let now = console.engine.now()?;
            let nowhere = || PageError::NotFound(Language::En.say("error.no_page").to_owned());
            let cloud = console.cloud_at(came.named("cloud"), now)?.ok_or_else(nowhere)?;
            let language = came.language(None, &cloud);
            let (address, query) = (came.address(), came.query());
            let open = Open { console, language, now, named: came.into_named(), query, cloud };
            let page = page(&open)?;
            let mut shell = Shell::open(&open.cloud, language, page.title.clone(), address);
            shell.above.clone_from(&page.above);
            shown(shell, page, None, StatusCode::OK)
        })
        .await
    })
}

impl Open {
    pub(crate) fn say(&self, key: &'static str) -> &'static str {
        self.language.say(key)
    }

    pub(crate) fn with(&self, key: &'static str, places: &[(&str, &str)]) -> String {
        self.language.with(key, places)
    }

    pub(crate) fn name(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    pub(crate) fn at(&self, rest: &str) -> String {
        format!("/{}{rest}", self.cloud.id)
    }

    pub(crate) fn page(title: impl Into<String>, sentence: impl Into<String>, sections: Vec<Section>) -> Page {
        Page { nav: "", title: title.into(), sentence: sentence.into(), above: Vec::new(), sections }
    }
}
