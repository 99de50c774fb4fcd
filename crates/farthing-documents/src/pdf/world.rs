//! What typst sees while it draws: fonts, the page's source and its library, made once for the process, and the few files of one document.

use std::sync::OnceLock;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

/// Inter for what it has, Noto Sans CJK for what it does not: see fonts/README.md.
const FONTS: [&[u8]; 4] = [
    include_bytes!("../../fonts/Inter-Regular.otf"),
    include_bytes!("../../fonts/Inter-SemiBold.otf"),
    include_bytes!("../../fonts/NotoSansCJKsc-Regular.otf"),
    include_bytes!("../../fonts/NotoSansCJKsc-Bold.otf"),
];

pub(super) struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    pub(super) fonts: Vec<Font>,
    source: Source,
    data: FileId,
    factur_x: FileId,
    code: FileId,
    logo_png: FileId,
    logo_svg: FileId,
}

/// The files of one document.
#[derive(Default)]
pub(super) struct Files {
    pub(super) page: Vec<u8>,
    pub(super) factur_x: Option<Vec<u8>>,
    pub(super) code: Option<Vec<u8>>,
    pub(super) logo_png: Option<Vec<u8>>,
    pub(super) logo_svg: Option<Vec<u8>>,
}

pub(super) struct Sheet {
    page: Bytes,
    factur_x: Option<Bytes>,
    code: Option<Bytes>,
    logo_png: Option<Bytes>,
    logo_svg: Option<Bytes>,
}

pub(super) const LOGO_PNG: &str = "logo.png";
pub(super) const LOGO_SVG: &str = "logo.svg";

pub(super) fn press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| {
        let fonts: Vec<Font> = FONTS.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
        assert!(fonts.len() == FONTS.len(), "a font of ours cannot be read");
        let main = file("page.typ");
        Press {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            source: Source::new(main, include_str!("page.typ").to_owned()),
            data: file("page.json"),
            factur_x: file("factur-x.xml"),
            code: file("code.svg"),
            logo_png: file(LOGO_PNG),
            logo_svg: file(LOGO_SVG),
        }
    })
}

fn file(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a name of ours is a path");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl Sheet {
    pub(super) fn new(files: Files) -> Sheet {
        Sheet {
            page: Bytes::new(files.page),
            factur_x: files.factur_x.map(Bytes::new),
            code: files.code.map(Bytes::new),
            logo_png: files.logo_png.map(Bytes::new),
            logo_svg: files.logo_svg.map(Bytes::new),
        }
    }
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &press().library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &press().book
    }

    fn main(&self) -> FileId {
        press().source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let press = press();
        if id == press.source.id() { Ok(press.source.clone()) } else { Err(nothing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let press = press();
        let found = [
            (press.data, Some(&self.page)),
            (press.factur_x, self.factur_x.as_ref()),
            (press.code, self.code.as_ref()),
            (press.logo_png, self.logo_png.as_ref()),
            (press.logo_svg, self.logo_svg.as_ref()),
        ]
        .into_iter()
        .find_map(|(known, bytes)| if known == id { bytes } else { None });
        found.cloned().ok_or_else(|| nothing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        press().fonts.get(index).cloned()
    }

    /// A document bears its own date: what day it is drawn on is nobody's business.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Whatever else is asked for, an image inside a logo's SVG say, is not there.
fn nothing(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}
