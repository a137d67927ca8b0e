//! A door to bodies for the fuzz targets, which need no host.

use super::unpack::{Body, Unfit};

/// Unpacks a body that comes in these pieces.
///
/// # Errors
/// Says why it is not taken.
pub fn unpack<'a>(
    encoding: &str,
    pieces: impl Iterator<Item = &'a [u8]>,
    limit: usize,
) -> Result<Vec<u8>, String> {
    let said = |unfit: Unfit| match unfit {
        Unfit::TooLarge => "too large".to_owned(),
        Unfit::Bomb => "a bomb".to_owned(),
        Unfit::Broken(_) => "broken".to_owned(),
    };
    let mut body = Body::new(encoding, None, limit).map_err(said)?;
    for piece in pieces {
        body.take(piece).map_err(said)?;
    }
    body.finish().map_err(said)
}
