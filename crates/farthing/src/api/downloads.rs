//! Where the links of exports lead: a file, for whoever has the link. Without a key, and not in the document, which is for keys.
//!
//! A file is sent as it is read: a few pieces of it are in memory.

use super::problem::{self, Problem};
use super::{Shared, blocking};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use axum::routing::get;
use farthing_core::export::LinkText;
use farthing_engine::export_path;
use http_body::Frame;
use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What is read at once, and how many such pieces may wait for whoever fetches them.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/exports/{link}", get(fetch)).method_not_allowed_fallback(problem::wrong_method)
}

/// Every reason for which a link opens nothing is told alike.
async fn fetch(State(door): State<Shared>, Path(link): Path<String>) -> Result<Response, Problem> {
    let (file, bytes, media, name) = blocking(move || {
        let closed =
            || Problem::new(problem::NOT_FOUND, "this link opens nothing, or its time is over: ask for another");
        let text = LinkText::parse(&link).ok_or_else(closed)?;
        let now = door.worlds.live().now().map_err(Problem::from)?;
        let engine = door.worlds.known(&text.cloud, text.test).map_err(Problem::from)?.ok_or_else(closed)?;
        let (id, format, name) = engine.export_opened(&text, now).map_err(Problem::from)?.ok_or_else(closed)?;
        let path = export_path(&door.exports, id, format);
        let opened = File::open(&path).and_then(|file| file.metadata().map(|facts| (file, facts.len())));
        let (file, bytes) = opened.map_err(|error| {
            tracing::error!(%error, path = %path.display(), "the file of an export is not where it should be");
            closed()
        })?;
        Ok((file, bytes, format.media_type(), name))
    })
    .await?;
    let mut response = Response::new(Body::new(FileBody::of(file)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Its name is of a cloud's id, an id and words of ours.
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A file, piece by piece, as another thread reads it.
struct FileBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

impl FileBody {
    fn of(mut file: File) -> FileBody {
        let (send, pieces) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = match file.read(&mut piece) {
                    Ok(0) => return,
                    Ok(read) => {
                        piece.truncate(read);
                        Ok(Bytes::from(piece))
                    }
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                // Whoever fetches it may have gone.
                if send.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        });
        FileBody { pieces }
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
