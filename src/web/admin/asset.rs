//! A file that pages load, as it is kept: read from the binary, made light, and compressed once instead of at each request.
//!
//! The browser gets the sources, with the same numbers of lines; only what is written for whoever reads them is left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::web::etag::ETag;

/// The files; a debug build reads them from the sources once, so that a restart shows what was written.
#[derive(RustEmbed)]
#[folder = "src/web/admin/static"]
struct Static;

/// The styles that every page may need as one file; those of Collect and of the sellers are files of their own.
const SHEET: &str = "admin.css";
/// What it is made of: the first one is overruled by those behind it.
pub(super) const STYLES: [&str; 6] = ["tokens.css", "base.css", "page.css", "settings.css", "history.css", "watch.css"];
/// Bytes of the hash that stands in addresses.
const STAMP_BYTES: usize = 9;

static KEPT: LazyLock<BTreeMap<String, Arc<Asset>>> = LazyLock::new(|| {
    let kept = |name: String| Asset::of(&name).map(|asset| (name, Arc::new(asset)));
    names().into_iter().filter_map(kept).collect()
});
static STAMP: LazyLock<String> = LazyLock::new(|| {
    let all = KEPT.iter().fold(Sha256::new(), |hash, (name, asset)| hash.chain_update(name).chain_update(&asset.plain));
    URL_SAFE_NO_PAD.encode(&all.finalize()[..STAMP_BYTES])
});

/// A file as it is sent.
pub(super) struct Asset {
    pub tag: ETag,
    /// The tag of the packed body: another body has another tag (RFC 9110, 8.8.3).
    pub packed_tag: ETag,
    pub plain: Bytes,
    pub gzip: Bytes,
}

impl Asset {
    fn of(name: &str) -> Option<Self> {
        let plain = Bytes::from(light(name, &source(name)?));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&plain).ok()?;
        let gzip = Bytes::from(gzip.finish().ok()?);
        Some(Self { tag: ETag::of_bytes(&plain), packed_tag: ETag::of_bytes(&gzip), plain, gzip })
    }
}

/// The file of this name.
pub(super) fn asset(name: &str) -> Option<Arc<Asset>> {
    KEPT.get(name).cloned()
}

/// The names of all files, in the order of the alphabet.
pub(super) fn names() -> BTreeSet<String> {
    Static::iter().map(Cow::into_owned).chain([SHEET.to_owned()]).collect()
}

/// What stands in an address as long as no file changes.
pub(super) fn stamp() -> &'static str {
    &STAMP
}

/// What was written into the file of this name.
pub(super) fn source(name: &str) -> Option<String> {
    if name == SHEET {
        return STYLES.into_iter().map(source).collect();
    }
    String::from_utf8(Static::get(name)?.data.into_owned()).ok()
}

/// What the browser needs of a file.
fn light(name: &str, source: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, "js" | "css")) => without_comments(source),
        Some((_, "json")) => {
            serde_json::from_str::<Value>(source).map_or_else(|_| source.to_owned(), |texts| texts.to_string())
        }
        _ => source.to_owned(),
    }
}

/// Leaves out comments that have their lines to themselves; the lines stay, so that a fault is told where it is.
fn without_comments(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut is_inside = false;
    for line in source.lines() {
        let text = line.trim();
        let begins = text.starts_with("/*");
        let is_comment =
            is_inside || text.starts_with("//") || (begins && (!text.contains("*/") || text.ends_with("*/")));
        is_inside = (is_inside || begins) && !text.contains("*/");
        if !is_comment {
            kept.push_str(line.trim_end());
        }
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_everything_else_stays_on_its_line() {
        let source = "// Head.\n\n/** One. */\nconst a = 1; // kept\n/* Two\n   lines */\n  /* b */ .c { }\n";
        assert_eq!(without_comments(source), "\n\n\nconst a = 1; // kept\n\n\n  /* b */ .c { }\n");
    }

    /// A text between backticks may go over lines, and may hold what looks like a comment.
    #[test]
    fn no_comment_begins_within_a_text() {
        for name in names().into_iter().filter(|name| name.ends_with(".js")) {
            let source = source(&name).expect("it is there");
            let light = without_comments(&source);
            let mut ticks = 0;
            for (number, (written, kept)) in source.lines().zip(light.lines()).enumerate() {
                assert!(ticks % 2 == 0 || written == kept, "{name}:{}: {written}", number + 1);
                ticks += kept.matches('`').count();
            }
            assert_eq!(ticks % 2, 0, "{name}");
        }
    }

    #[test]
    fn a_file_is_lighter_than_its_source_and_says_the_same_when_it_is_unpacked() {
        use std::io::Read;
        for name in names() {
            let asset = asset(&name).expect("it is there");
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&asset.gzip[..]).read_to_end(&mut unpacked).expect("gzip");
            assert_eq!(unpacked, asset.plain, "{name}");
            assert!(asset.plain.len() <= source(&name).expect("it is there").len(), "{name}");
        }
    }
}
