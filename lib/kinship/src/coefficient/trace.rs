//! Two persons' shares of the genes of their ancestors.

use crate::order::Order;

/// What a trace needs, kept from one to the next.
pub(super) struct Trace {
    /// The expected share of each ancestor in the genes of the one and of the other.
    shares: Vec<[f64; 2]>,
    /// Who is still to be looked at, a bit for each number: the highest comes first.
    queue: Vec<u64>,
    /// How many ancestors have been looked at so far.
    pub looked_at: usize,
}

impl Trace {
    pub fn new(len: usize) -> Self {
        Self { shares: vec![[0.0; 2]; len], queue: vec![0; len.div_ceil(64)], looked_at: 0 }
    }

    /// The coefficient of kinship, from the youngest to the oldest ancestor. The variances of all common ancestors
    /// must be known.
    pub fn kinship(&mut self, order: &Order, variances: &[f64], one: u32, two: u32) -> f64 {
        self.shares[one as usize][0] = 1.0;
        self.shares[two as usize][1] = 1.0;
        self.enqueue(one);
        self.enqueue(two);
        let mut waiting = if one == two { 1 } else { 2 };
        let mut word = one.max(two) as usize / 64;
        let mut sum = 0.0;
        while waiting > 0 {
            let Some(bits) = self.queue.get(word).copied().filter(|bits| *bits != 0) else {
                let Some(before) = word.checked_sub(1) else { break };
                word = before;
                continue;
            };
            let bit = bits.ilog2();
            self.queue[word] &= !(1 << bit);
            waiting -= 1;
            self.looked_at += 1;
            let number = word as u32 * 64 + bit;
            let [left, right] = std::mem::take(&mut self.shares[number as usize]);
            sum += left * right * variances[number as usize];
            for (parent, _) in order.parents(number) {
                let theirs = &mut self.shares[*parent as usize];
                *theirs = [theirs[0] + left / 2.0, theirs[1] + right / 2.0];
                waiting += usize::from(self.enqueue(*parent));
            }
        }
        sum / 2.0
    }

    /// Whether it was not there before.
    fn enqueue(&mut self, number: u32) -> bool {
        let word = &mut self.queue[number as usize / 64];
        let bit = 1 << (number % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
