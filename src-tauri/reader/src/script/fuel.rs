//! How much of a script may still be worked out, and the stop when that is used up. What costs how much is said where it
//! is spent.

/// Fuel for the scripts of a document beside what their length gives: loops may go round so often.
pub(crate) const BASE_FUEL: u64 = 250_000;

/// Fuel for each byte of a script. Real ones take less than ten.
const FUEL_PER_BYTE: u64 = 32;

/// How many bytes are copied or passed over for one unit.
const BYTES_PER_UNIT: usize = 16;

/// How much may still be worked out.
pub(crate) struct Fuel {
    left: u64,
    /// What loops have to leave for what stands behind them.
    floor: u64,
}

impl Fuel {
    /// The fuel for this many bytes of scripts.
    pub(crate) const fn for_script(bytes: usize) -> Self {
        Self::with_spare(BASE_FUEL, bytes)
    }

    /// The same where parts of a document share what they have beside their length.
    pub(crate) const fn with_spare(spare: u64, bytes: usize) -> Self {
        Self { left: spare + FUEL_PER_BYTE * bytes as u64, floor: 0 }
    }

    /// What is left of what the parts of a document share.
    pub(crate) fn spare_of(&self, before: u64) -> u64 {
        before.min(self.left)
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), Stop> {
        let cost = 1 + work as u64;
        match self.left.checked_sub(cost) {
            Some(left) if left >= self.floor => {
                self.left = left;
                Ok(())
            }
            // A loop that goes on for too long stops, and what stands behind it still has its share.
            _ => {
                self.left = self.left.min(self.floor);
                Err(Stop)
            }
        }
    }

    /// Spends what copying or passing over so many bytes costs.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Stop> {
        self.spend(bytes / BYTES_PER_UNIT)
    }

    /// Begins a loop: it may use a quarter of what is left. Answers with what has to be restored behind it.
    pub(super) fn begin_loop(&mut self) -> u64 {
        let floor = self.floor;
        self.floor = floor.max(self.left - self.left / 4);
        floor
    }

    /// Ends a loop.
    pub(super) const fn end_loop(&mut self, floor: u64) {
        self.floor = floor;
    }
}

/// Something that is no expression of the kind that is worked out, or an end of the fuel.
#[derive(Debug)]
pub(super) struct Stop;
