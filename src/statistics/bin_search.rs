//! The same bins as [`bin_of`](super::binning::bin_of), found faster: a table says where in the edges to look.
//!
//! The line from the lowest to the highest edge is cut into equal cells. The cell of a value never falls as the value grows,
//! so that edges in cells before its own are below it and edges in later cells are not; only the edges inside its own cell,
//! mostly none or one, are compared. The answer is exact however the arithmetic of the cell rounds.
//!
//! Source: interpolation search with a guide table, Chen and Asau, 1974, *On generating random variates from an empirical
//! distribution*.

/// Cells of the table.
const CELLS: usize = 2048;
/// Edges of one cell up to which they are compared one after the other.
const FEW: usize = 4;

/// Inner edges, ascending, with their guide table.
#[derive(Clone, Debug)]
pub struct BinSearch {
    edges: Vec<f64>,
    low: f64,
    scale: f64,
    /// Edges in cells before cell `c`, at `c`.
    first: Vec<u32>,
}

impl BinSearch {
    /// A search over `edges`, ascending and finite.
    ///
    /// ```
    /// use driftledger::statistics::{bin_search::BinSearch, binning::bin_of};
    /// let edges = vec![1.0, 2.0, 2.5, 1e9];
    /// let search = BinSearch::new(edges.clone());
    /// assert!([0.0, 1.0, 1.1, 2.5, 3.0, 2e9].iter().all(|&v| search.bin_of(v) == bin_of(&edges, v)));
    /// ```
    pub fn new(edges: Vec<f64>) -> Self {
        let (low, high) = (edges.first(), edges.last());
        let (low, high) = (low.copied().unwrap_or(0.0), high.copied().unwrap_or(0.0));
        let scale = CELLS as f64 / (high - low);
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let mut search = Self { edges, low, scale, first: vec![0; CELLS + 1] };
        for index in 0..search.edges.len() {
            let cell = search.cell(search.edges[index]);
            search.first[cell + 1] += 1;
        }
        for cell in 0..CELLS {
            search.first[cell + 1] += search.first[cell];
        }
        search
    }

    /// The edges.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    fn cell(&self, value: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, NaN (∞ · 0) is 0")]
        let cell = ((value - self.low) * self.scale) as i32;
        // A negative cell is the first one.
        usize::try_from(cell).unwrap_or(0).min(CELLS - 1)
    }

    /// The bin of `value`, which is finite: the number of edges strictly below it.
    #[inline]
    pub fn bin_of(&self, value: f64) -> usize {
        let cell = self.cell(value);
        let (mut bin, end) = (self.first[cell] as usize, self.first[cell + 1] as usize);
        if end - bin > FEW {
            return bin + self.edges[bin..end].partition_point(|&edge| edge < value);
        }
        while bin < end && self.edges[bin] < value {
            bin += 1;
        }
        bin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::binning::bin_of;

    #[test]
    fn every_value_falls_where_the_plain_search_puts_it() {
        let even: Vec<f64> = (0..99).map(|k| f64::from(k) * 0.37 - 4.0).collect();
        let lists = [
            vec![],
            vec![3.0],
            even,
            (-300..300).map(|k| 10f64.powi(k)).collect(),
            vec![f64::MIN, -1.0, 0.0, 1.0, f64::MAX],
            vec![0.0, 5e-324, 1e-323, 2e-323],
            vec![1e9, 1e9 + 1e-6, 1e9 + 2e-6],
        ];
        for edges in lists {
            let search = BinSearch::new(edges.clone());
            let around = edges.iter().flat_map(|e| [e.next_down(), *e, e.next_up()]);
            let between = edges.windows(2).map(|w| w[0] / 2.0 + w[1] / 2.0);
            let others = [f64::MIN, -1e300, -7.0, -0.0, 0.0, 1e-310, 2.2, 1e300, f64::MAX];
            for value in around.chain(between).chain(others).filter(|v| v.is_finite()) {
                assert_eq!(search.bin_of(value), bin_of(&edges, value), "{value} in {edges:?}");
            }
        }
    }
}
