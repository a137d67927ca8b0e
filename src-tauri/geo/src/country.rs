//! The two letters of a country.

use std::fmt;

/// The codes that ISO 3166-1 assigns, and three that registries and databases use beside them: `AP` (Asia and the
/// Pacific) and `EU` where an address belongs to no one country of a region, `XK` for Kosovo.
const ASSIGNED: &str = "\
    AD AE AF AG AI AL AM AO AP AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS \
    IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS \
    PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK \
    TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Letters of the alphabet.
const LETTERS: u16 = 26;

/// A country by its two letters, in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// How many codes two letters can make: the numbers of countries are below this.
    pub const NUMBERS: usize = LETTERS as usize * LETTERS as usize;

    /// Reads two letters in any case, whether a country has them or not.
    #[must_use]
    pub const fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [first, second] => Self::of_bytes([*first, *second]),
            _ => None,
        }
    }

    pub(crate) const fn of_bytes([first, second]: [u8; 2]) -> Option<Self> {
        if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() {
            Some(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
        } else {
            None
        }
    }

    pub(crate) const fn bytes(self) -> [u8; 2] {
        self.0
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The letters are ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether a country, or one of the regions that registries use, has these letters.
    #[must_use]
    pub fn is_assigned(self) -> bool {
        ASSIGNED.as_bytes().chunks(3).any(|code| code.starts_with(&self.0))
    }

    /// A number below [`Country::NUMBERS`] that grows in the order of the letters.
    #[must_use]
    pub const fn number(self) -> u16 {
        let [first, second] = self.0;
        (first - b'A') as u16 * LETTERS + (second - b'A') as u16
    }

    /// The country of a [number](Country::number).
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        let letter = |at: u16| u8::try_from(at).ok().map(|at| b'A' + at);
        (usize::from(number) < Self::NUMBERS)
            .then(|| Some(Self([letter(number / LETTERS)?, letter(number % LETTERS)?])))
            .flatten()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
