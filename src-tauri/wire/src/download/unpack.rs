//! Bodies as they come, unpacked while they come. What they may grow to is counted on the inside, so that no more of a
//! bomb is ever unpacked than the limit allows. No IO.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use zstd::stream::write::Decoder as ZstdDecoder;

/// How many times its size on the wire a body may have. Lists of addresses shrink to a quarter or a tenth; gzip can be
/// made to promise a thousand times.
const MAX_RATIO: usize = 200;
/// Up to here the ratio says nothing: a short page of blanks is no attack.
const RATIO_FREE: usize = 1024 * 1024;
/// The largest window of zstd, as a power of two: 8 MiB, which is what RFC 9659 lets a server use.
const ZSTD_WINDOW: u32 = 23;
/// The buffer between brotli and us.
const BROTLI_BUFFER: usize = 32 * 1024;
/// No more is reserved at once than this, whatever length is announced.
const MAX_RESERVED: usize = 4 * 1024 * 1024;

/// What is said that we understand, for `Accept-Encoding`.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";

/// Why a body is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// More came than the limit.
    TooLarge,
    /// What came unpacks to more than the limit or the ratio allows.
    Bomb,
    /// It is not what its encoding says.
    Broken(String),
}

/// A body that is being read.
pub(super) struct Body {
    packing: Packing,
    wire: usize,
    limit: usize,
}

enum Packing {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Brotli(Box<DecompressorWriter<Sink>>),
    Zstd(Box<ZstdDecoder<'static, Sink>>),
}

impl Body {
    /// A body in this encoding; `announced` is its length on the wire, if that is known.
    pub(super) fn new(encoding: &str, announced: Option<u64>, limit: usize) -> Result<Self, Unfit> {
        let announced = announced.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > limit {
            return Err(Unfit::TooLarge);
        }
        let sink =
            Sink { bytes: Vec::with_capacity(announced.min(MAX_RESERVED)), allowed: limit, full: false };
        let encoding = encoding.trim().to_ascii_lowercase();
        let packing = match encoding.as_str() {
            "" | "identity" => Packing::Plain(sink),
            "gzip" | "x-gzip" => Packing::Gzip(Box::new(MultiGzDecoder::new(sink))),
            "br" => Packing::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER))),
            "zstd" => {
                let made = ZstdDecoder::new(sink).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW)?;
                    Ok(decoder)
                });
                Packing::Zstd(Box::new(made.map_err(|error| Unfit::Broken(error.to_string()))?))
            }
            other => {
                return Err(Unfit::Broken(format!("its encoding is {other:?}, which nobody asked for")));
            }
        };
        Ok(Self { packing, wire: 0, limit })
    }

    /// Takes the next bytes of the wire.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        self.wire += bytes.len();
        if self.wire > self.limit {
            return Err(Unfit::TooLarge);
        }
        let allowed = self.wire.saturating_mul(MAX_RATIO).max(RATIO_FREE).min(self.limit);
        let written = match &mut self.packing {
            Packing::Plain(sink) => {
                sink.bytes.extend_from_slice(bytes);
                return Ok(());
            }
            Packing::Gzip(decoder) => {
                decoder.get_mut().allowed = allowed;
                decoder.write_all(bytes)
            }
            Packing::Brotli(decoder) => {
                decoder.get_mut().allowed = allowed;
                decoder.write_all(bytes)
            }
            Packing::Zstd(decoder) => {
                decoder.get_mut().allowed = allowed;
                decoder.write_all(bytes)
            }
        };
        self.judge(written)
    }

    /// How many bytes came over the wire so far.
    pub(super) const fn wire(&self) -> usize {
        self.wire
    }

    /// The whole body, once nothing more comes.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Unfit> {
        // Nothing at all is no packed nothing, but servers call it so.
        if self.wire > 0 {
            let finished = match &mut self.packing {
                Packing::Plain(_) => Ok(()),
                Packing::Gzip(decoder) => decoder.try_finish(),
                Packing::Brotli(decoder) => decoder.close(),
                Packing::Zstd(decoder) => decoder.do_finish(),
            };
            self.judge(finished)?;
        }
        let sink = match &mut self.packing {
            Packing::Plain(sink) => sink,
            Packing::Gzip(decoder) => decoder.get_mut(),
            Packing::Brotli(decoder) => decoder.get_mut(),
            Packing::Zstd(decoder) => decoder.get_mut(),
        };
        let mut bytes = std::mem::take(&mut sink.bytes);
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    fn judge(&self, written: io::Result<()>) -> Result<(), Unfit> {
        let full = match &self.packing {
            Packing::Plain(sink) => sink.full,
            Packing::Gzip(decoder) => decoder.get_ref().full,
            Packing::Brotli(decoder) => decoder.get_ref().full,
            Packing::Zstd(decoder) => decoder.get_ref().full,
        };
        if full {
            return Err(Unfit::Bomb);
        }
        written.map_err(|error| Unfit::Broken(format!("it cannot be unpacked: {error}")))
    }
}

/// Where unpacked bytes go, up to what is allowed.
struct Sink {
    bytes: Vec<u8>,
    allowed: usize,
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.allowed {
            self.full = true;
            return Err(io::Error::other("more than is allowed"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop at that very line")]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The empty brotli stream, and one of a single uncompressed meta-block with `hello` (RFC 7932, 9.2).
    const BROTLI_EMPTY: &[u8] = &[0x06];
    const BROTLI_HELLO: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

    fn unpack(encoding: &str, packed: &[u8], step: usize, limit: usize) -> Result<Vec<u8>, Unfit> {
        let mut body = Body::new(encoding, None, limit)?;
        for piece in packed.chunks(step) {
            body.take(piece)?;
        }
        assert_eq!(body.wire(), packed.len(), "every byte of the wire is counted");
        body.finish()
    }

    #[test]
    fn a_body_means_the_same_wherever_it_is_cut() {
        let list = "203.0.113.7:8080\n".repeat(300).into_bytes();
        let members = [gzip(&list[..1000]), gzip(&list[1000..])].concat();
        let zstd = zstd::encode_all(&list[..], 3).unwrap();
        for step in [1, 2, 7, 100_000] {
            assert_eq!(unpack("", &list, step, MIB), Ok(list.clone()));
            assert_eq!(unpack("gzip", &gzip(&list), step, MIB), Ok(list.clone()));
            assert_eq!(
                unpack(" X-GZip ", &members, step, MIB),
                Ok(list.clone()),
                "several members are one body"
            );
            assert_eq!(unpack("zstd", &zstd, step, MIB), Ok(list.clone()));
            assert_eq!(unpack("br", BROTLI_HELLO, step, MIB), Ok(b"hello".to_vec()));
        }
        assert_eq!(unpack("br", BROTLI_EMPTY, 1, MIB), Ok(Vec::new()));
    }

    #[test]
    fn a_packed_body_that_ends_early_is_broken() {
        let list = "203.0.113.7:8080\n".repeat(300).into_bytes();
        let packed = [("gzip", gzip(&list)), ("zstd", zstd::encode_all(&list[..], 3).unwrap())];
        for (encoding, packed) in packed.iter().map(|(e, p)| (*e, p.as_slice())).chain([("br", BROTLI_HELLO)])
        {
            for end in 1..packed.len() {
                let got = unpack(encoding, &packed[..end], 9, MIB);
                assert!(matches!(got, Err(Unfit::Broken(_))), "{encoding} up to {end}: {got:?}");
            }
        }
    }

    #[test]
    fn what_is_not_packed_as_it_says_is_broken() {
        for encoding in ["gzip", "br", "zstd"] {
            let got = unpack(encoding, b"<html>not packed at all, whatever the header says</html>", 11, MIB);
            assert!(matches!(got, Err(Unfit::Broken(_))), "{encoding}: {got:?}");
        }
        for encoding in ["deflate", "gzip, gzip", "aes"] {
            assert!(
                matches!(unpack(encoding, b"x", 1, MIB), Err(Unfit::Broken(_))),
                "{encoding} was not asked for"
            );
        }
    }

    #[test]
    fn no_byte_that_is_changed_on_the_way_does_harm() {
        let list = "203.0.113.7:8080\n".repeat(40).into_bytes();
        let packed = [("gzip", gzip(&list)), ("zstd", zstd::encode_all(&list[..], 3).unwrap())];
        for (encoding, packed) in packed.iter().map(|(e, p)| (*e, p.as_slice())).chain([("br", BROTLI_HELLO)])
        {
            for place in 0..packed.len() {
                for bit in 0..8 {
                    let mut changed = packed.to_vec();
                    changed[place] ^= 1 << bit;
                    // It may be read as something else, but never as more than is allowed.
                    if let Ok(bytes) = unpack(encoding, &changed, 7, MIB) {
                        assert!(bytes.len() <= MIB, "{encoding}, bit {bit} of byte {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_nothing_in_every_encoding() {
        for encoding in ["", "gzip", "br", "zstd"] {
            assert_eq!(unpack(encoding, b"", 1, MIB), Ok(Vec::new()), "{encoding}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit_and_by_its_ratio() {
        let zeros = vec![0; 8 * MIB];
        for (encoding, packed) in
            [("gzip", gzip(&zeros)), ("zstd", zstd::encode_all(&zeros[..], 19).unwrap())]
        {
            assert_eq!(
                unpack(encoding, &packed, 1024, 4 * MIB),
                Err(Unfit::Bomb),
                "{encoding}, by the limit"
            );
            assert_eq!(
                unpack(encoding, &packed, 1024, 64 * MIB),
                Err(Unfit::Bomb),
                "{encoding}, by the ratio"
            );
            let short = zeros.get(..MIB / 2).unwrap();
            let short = if encoding == "gzip" { gzip(short) } else { zstd::encode_all(short, 19).unwrap() };
            assert_eq!(
                unpack(encoding, &short, 1024, MIB).map(|bytes| bytes.len()),
                Ok(MIB / 2),
                "{encoding}"
            );
        }
    }

    #[test]
    fn the_wire_has_a_limit_with_and_without_an_announcement() {
        assert_eq!(unpack("", &[b'x'; 1001], 10, 1000), Err(Unfit::TooLarge));
        assert_eq!(unpack("", &[b'x'; 1000], 10, 1000).map(|bytes| bytes.len()), Ok(1000));
        assert_eq!(Body::new("gzip", Some(1001), 1000).err(), Some(Unfit::TooLarge), "it is not even begun");
        assert_eq!(Body::new("", Some(u64::MAX), 1000).err(), Some(Unfit::TooLarge));
    }
}
