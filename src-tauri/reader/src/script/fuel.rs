//! How much of a script may still be worked out, and the stop when that is used up. What costs how much is said where it
//! is spent.

/// Fuel for a script beside what its length gives.
const BASE_FUEL: u64 = 200_000;

/// Fuel for each byte of a script. Real ones take less than ten.
const FUEL_PER_BYTE: u64 = 32;

/// How much may still be worked out.
pub(crate) struct Fuel(u64);

impl Fuel {
    /// The fuel for this many bytes of scripts.
    pub(crate) const fn for_script(bytes: usize) -> Self {
        Self(BASE_FUEL + FUEL_PER_BYTE * bytes as u64)
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), Stop> {
        let cost = 1 + work as u64;
        if self.0 < cost {
            self.0 = 0;
            return Err(Stop);
        }
        self.0 -= cost;
        Ok(())
    }
}

/// Something that is no expression of the kind that is worked out, or an end of the fuel.
#[derive(Debug)]
pub(super) struct Stop;
