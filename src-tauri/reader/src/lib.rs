//! Lists in many shapes into endpoints and refusals. Pure: bytes in, candidates out.
//!
//! [`Reader`] is the one door. What a list is written as is told by its beginning ([`Format`]), whatever it is called, or
//! fixed by [`Options::format`]. Lines are read as they come, in memory for one line; documents (JSON, pages, XML, YAML,
//! PAC, base64) are gathered up to [`MAX_DOCUMENT`] and read at the end. Reading takes time in proportion to the length,
//! whatever a list is made of: every depth, every count and the work that a script may cause have a limit.
//!
//! A line gives candidates, or one refusal with its number and its reason, or both when
//! it holds several addresses and one of them is faulty; an array of JSON on a line answers for each of its elements.
//! Blank lines and comments (`#`, `;`, `//`) give neither. Nothing here opens a file, resolves a name or remembers
//! what it has seen: telling the distinct from the repeated is the engine's business.
//!
//! The rule above all others: *never take what was not understood.* An address inside words counts when its edges
//! are no letter, digit, dot or hyphen and it can be read in one way only; one that is glued to another, cut, or led
//! by a zero is refused.
//!
//! # What is read
//! `ip:port` and `host:port`; `ip port`, also as cells (tab, comma, semicolon, bar), with more columns behind;
//! `scheme://[user:password@]host:port` (http, https, socks4, socks4a, socks5, socks5h; percent-decoded);
//! `user:password@host:port`, `host:port@user:password`, `host:port:user:password`, `user:password:ip:port`;
//! `type host port [user password]` of proxychains; parts that carry their names (`IP: … Port: …`, in the languages in
//! which columns are known), on one line or in lines of their own; what PAC files return; IPv6 in brackets; tables with a header ([`Reader`] keeps the
//! header while it is fed); JSON objects, arrays and strings on a line; lines in base64.
//!
//! Of documents: objects at any depth with an address and a port, texts that are lists, tables by rows and by columns, an
//! address with several ports (JSON, YAML, XML, data in scripts); tables by the heads of their columns in two
//! dozen languages, heads in several rows and cells that reach over others, rows without heads, columns within one row, boxes
//! (`pre`, `textarea`), text between the borders of elements, attributes (pages); what a PAC file returns. Of a document that was cut, what is whole is read, and [`Totals::truncated`] says so.
//!
//! What pages hide (base64, percent signs, letters turned by thirteen, sums and exclusive ors of variables, packed
//! scripts, ports in classes, decoys that a style hides, text turned round) is worked out without running a script: a
//! closed set of functions on texts, numbers and arrays, and loops and conditions as far as every condition is known. All of
//! it spends fuel, of which a loop has a quarter. What depends on anything else is unknown and shows nothing.
//!
//! A page of an error, of a login or a riddle brings nothing and is named ([`Totals::page`]), whatever it came with; a page
//! that has proxies in a table or a box is a list whatever else it has.
//!
//! # Choices where lists are ambiguous
//! - A protocol that a column, a scheme or a word of the line names is stated; otherwise the file's name implies it.
//!   `socks4a` is SOCKS4 and `socks5h` is SOCKS5. A misspelt one (`sock5`) is refused, not guessed.
//! - A port that is missing is not made up from the scheme (`http://192.0.2.1` is refused).
//! - Among other words an address counts, a host name only with an account or a scheme; in front of them it counts.
//! - A host name without a dot (`localhost:80`, `foo:88:user:pwd`) means something else on every network and is
//!   refused, also where private addresses are allowed.
//! - `host:port@user:` is an account with an empty password.
//! - `host:port:word` is an address and a remark (a country); `host:port:number` has two readings and is refused.
//! - `2001:db8::1:8080` without brackets is an address by itself and is refused.
//! - `https://t.me/socks?server=…&port=…` is a SOCKS5 proxy; its sibling `proxy?` is MTProto and is refused.
//! - `ip … port …` counts where nothing in front says whose it is: `your ip`, `exit ip` and `from 192.0.2.1 port 80` of a log
//!   are none. Parts in lines of their own belong together up to a blank line, a ruler, a line of another kind, or a part
//!   that is there already; which of address and port stands first is the same for the whole stretch, so that what lacks
//!   its other half never takes the next one's.
//! - Of several addresses in a line a protocol counts for all that stands in front of the first or behind the last.
//! - A name that ends in a number (`192.0.2.1x`) is an address with something glued to it.
//! - The notation `US-A-S! +` states a protocol only under the header that explains it.
//! - The text of a refusal never holds a password: see [`Refusal::text`].
//!
//! # Choices where documents are ambiguous
//! - [`Candidate::line`] counts entries: objects, rows, lines of a page. A document of one line may have a thousand.
//! - A list of HTTP proxies with one column `https` in a file is HTTP; in the table of a page `yes` means HTTPS and `no`
//!   HTTP, for there the column is the only word about the protocol.
//! - A row that has an address, and a port in a form that is not understood, is refused for lack of a port.
//! - A page with a form to log in is a list all the same if it has a row, a box or a line that is only an address, or three
//!   addresses; a page about an error or a challenge needs a row, a box or three addresses.
//! - `4/5` and `5` in a column of types are versions of SOCKS; `SOCKS` without a version is no claim.
//! - Members and columns that say where a proxy comes out (`exit_ip`, `export_address`), whom it is not used for, or who
//!   asked are no proxies. A text in JSON counts when its member is called as lists are; in feeds every text counts.
//! - Objects with a `uuid`, a `cipher`, a `secret` or a Shadowsocks `method` belong to another protocol. An HTTP proxy with
//!   `tls: true` is HTTPS; SOCKS with it is another protocol.
//! - A port that is a fraction without a fraction (`8080.0`) is that port; a range is none.
//! - `SOCKS` in a PAC file is no claim: browsers disagree about its version.
//! - Hidden parts of a line or of a row are decoys; hidden dialogs, tabs and boxes are read.
//! - Addresses one below the other belong to the ports in the next cell, or in the lines behind them, when there are as many;
//!   otherwise none of them does.
//! - What stands in a column of times, sizes, versions and the like is never paired; a number between two addresses that has
//!   another one in front of the first belongs to neither.
//! - In rows without heads an address is followed by its port. A name and a number beside it are no proxy there.
//! - `ports` on sites whose script writes them in hexadecimal (`insertPrx`, `gp.dep`) are read so.
//! - A charset: the byte order mark, then what the bytes cannot be otherwise (UTF-16 by its zeros, UTF-8), then the declared
//!   one, then the one in the document, then a guess. In a guessed charset an account beyond ASCII is refused.

mod charset;
mod document;
mod encoded;
mod format;
mod html;
mod json;
mod labelled;
mod labels;
mod lines;
mod literal;
mod mask;
mod name;
mod output;
mod pac;
mod packed;
mod page;
mod plain;
mod reading;
mod record;
mod refusal;
mod script;
mod settings;
mod sniff;
mod stream;
mod table;
mod text;
mod uri;
mod value;
mod xml;
mod yaml;

pub use format::{Format, Page, UnknownFormat};
pub use lines::{MAX_JSON_LINE, MAX_LINE};
pub use name::protocol_in_name;
pub use refusal::{MAX_REFUSAL_TEXT, Refusal, RefusalReason};
pub use settings::{JsonPath, MAX_SETTING, Selectors, SettingError};
pub use stream::{MAX_DOCUMENT, Reader};

use proxydeck_domain::{Protocol, Proxy};

/// How a list is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The protocol of lines that state none: what the user said, or what [`protocol_in_name`] found.
    pub hint: Option<Protocol>,
    /// Whether addresses count that are not publicly routable.
    pub allow_private: bool,
    /// What the list is written as; none to find out by what comes.
    pub format: Option<Format>,
    /// The charset that was declared where the list came from, as in `Content-Type`. A byte order mark beats it, and
    /// bytes that contradict it do too.
    pub charset: Option<String>,
    /// Where in JSON the proxies are; none to find them.
    pub json_path: Option<JsonPath>,
    /// Where in a page the proxies are; none to find them.
    pub selectors: Option<Selectors>,
    /// The texts of scripts and styles that a page refers to and that were fetched beside it: see [`Sink::wants`].
    pub companions: Vec<String>,
}

/// A proxy that a list holds, with one protocol that is claimed for it.
///
/// A line that claims several protocols gives one candidate for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where to dial, and with which account.
    pub proxy: Proxy,
    /// The protocol that the line states, else the one of [`Options::hint`].
    pub stated: Option<Protocol>,
    /// The number of the line, or of the entry of a document, from 1.
    pub line: u64,
}

/// Where candidates and refusals go while a list is being read.
pub trait Sink {
    /// Takes a proxy that was read.
    fn candidate(&mut self, candidate: Candidate);
    /// Takes what was not accepted.
    fn refusal(&mut self, refusal: Refusal);
    /// Hears of a script or a style that a page refers to and without which its ports stay hidden. Who wants them
    /// fetches it and reads the page again with it among [`Options::companions`].
    fn wants(&mut self, address: &str) {
        let _ = address;
    }
}

/// What a list came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the list was read as.
    pub format: Format,
    /// What came instead of a list, if it can be told. It brought nothing.
    pub page: Option<Page>,
    /// Whether the document ended in the middle. What was whole of it has been read.
    pub truncated: bool,
    /// Lines, the blank ones included; a last one without an end counts. Of a document (JSON, a page, …) its entries.
    pub lines: u64,
    /// Candidates given to the sink.
    pub candidates: u64,
    /// Refusals given to the sink.
    pub refusals: u64,
    /// Lines in a long stretch of binary data that were passed over without a refusal of their own.
    pub folded: u64,
}

/// Reads a whole list that is in memory.
pub fn read(bytes: &[u8], options: &Options, sink: &mut impl Sink) -> Totals {
    let mut reader = Reader::new(options);
    reader.push(bytes, sink);
    reader.finish(sink)
}
