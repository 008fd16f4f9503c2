//! The same bins as [`bin_of`](super::binning::bin_of), found faster: a table says where in the edges to look.
//!
//! The line from the lowest to the highest edge is cut into equal cells. The cell of a value never falls as the value grows,
//! so that edges in cells before its own are below it and edges in later cells are not; only the edges inside its own cell,
//! mostly none or one, are compared. The answer is exact however the arithmetic of the cell rounds.
//!
//! Source: interpolation search with a guide table, Chen and Asau, 1974, *On generating random variates from an empirical
//! distribution*.

/// Cells for each edge: so many that hardly any cell holds two.
const CELLS_PER_EDGE: usize = 8;
/// Cells of the table, at least and at most.
const CELLS: [usize; 2] = [1 << 10, 1 << 14];
/// One in so many edges at either end is left out of the line, so that few far ones do not crowd all others into one cell.
const FAR: usize = 200;
/// Edges of one cell up to which they are compared one after the other.
const FEW: u32 = 4;

const TWO_TO_52: f64 = (1u64 << 52) as f64;

/// A cell of the table.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The first edge in it; infinite where there is none.
    edge: f64,
    /// Edges in cells before.
    before: u32,
    /// Edges in it.
    edges: u32,
}

/// Inner edges, ascending, with their guide table.
#[derive(Clone, Debug)]
pub struct BinSearch {
    edges: Vec<f64>,
    low: f64,
    scale: f64,
    /// The last cell, as a number.
    last: f64,
    cells: Vec<Cell>,
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
        let [least, most] = CELLS;
        let cells = (CELLS_PER_EDGE * edges.len()).next_power_of_two().clamp(least, most);
        let far = edges.len() / FAR;
        let low = edges.get(far).copied().unwrap_or(0.0);
        let high = edges.iter().rev().nth(far).copied().unwrap_or(0.0);
        let scale = cells as f64 / (high - low);
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let empty = Cell { edge: f64::INFINITY, before: 0, edges: 0 };
        let last = (cells - 1) as f64;
        let mut search = Self { edges, low, scale, last, cells: vec![empty; cells] };
        for index in 0..search.edges.len() {
            let edge = search.edges[index];
            let cell = search.cell(edge);
            let cell = &mut search.cells[cell];
            cell.edge = cell.edge.min(edge);
            cell.edges += 1;
        }
        let mut before = 0;
        for cell in &mut search.cells {
            cell.before = before;
            before += cell.edges;
        }
        search
    }

    /// The edges.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The cell of a value, rounded to the nearest: below 2⁵² a number and 2⁵² have a sum whose last bits are that integer. No branch,
    /// and no cast that has to look for numbers out of range.
    #[inline]
    fn cell(&self, value: f64) -> usize {
        let place = (value - self.low) * self.scale;
        // NaN (∞ · 0) is the first.
        let place = if place > 0.0 { place } else { 0.0 };
        let place = if place < self.last { place } else { self.last };
        (place + TWO_TO_52).to_bits() as usize & (self.cells.len() - 1)
    }

    /// The bin of `value`, which is finite: the number of edges strictly below it.
    #[inline]
    pub fn bin_of(&self, value: f64) -> usize {
        let cell = self.cells[self.cell(value)];
        let first = cell.before as usize;
        if cell.edges <= 1 {
            return first + usize::from(cell.edge < value);
        }
        let edges = &self.edges[first..first + cell.edges as usize];
        if cell.edges > FEW {
            return first + edges.partition_point(|&edge| edge < value);
        }
        // All of them, so that nothing has to be guessed: where a column repeats few values, two edges stand beside each.
        first + edges.iter().filter(|&&edge| edge < value).count()
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
