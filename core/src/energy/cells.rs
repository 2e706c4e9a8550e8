//! Joules of each cell: its CPU time in a window at the rate of that window.

use super::Rate;
use crate::limits::CELLS_MAX;
use crate::tick::CellId;
use crate::units::{Microjoules, Nanoseconds};

/// One live cell.
#[derive(Clone, Copy, Debug)]
struct Book {
    cell: CellId,
    energy: Microjoules,
    /// CPU time in the window that is not over.
    pending: Nanoseconds,
}

/// The books of all live cells that ever ran, in the order of their names. Nothing here allocates after it was made.
#[derive(Debug)]
pub(super) struct CellBooks {
    books: Vec<Book>,
    /// Who ran in the window that is not over, so that the others are not touched.
    ran: Vec<CellId>,
}

impl CellBooks {
    pub(super) fn new() -> Self {
        Self { books: Vec::with_capacity(CELLS_MAX), ran: Vec::with_capacity(CELLS_MAX) }
    }

    /// Notes CPU time of the window that is not over.
    pub(super) fn note(&mut self, cell: CellId, used: Nanoseconds) {
        if used == Nanoseconds::ZERO {
            return;
        }
        let place = self.place(cell).unwrap_or_else(|place| {
            let book = Book { cell, energy: Microjoules::ZERO, pending: Nanoseconds::ZERO };
            self.books.insert(place, book);
            place
        });
        let book = &mut self.books[place];
        if book.pending == Nanoseconds::ZERO {
            self.ran.push(cell);
        }
        book.pending += used;
    }

    /// The window is over and has this rate.
    pub(super) fn close(&mut self, rate: Rate) {
        for index in 0..self.ran.len() {
            let place = self.place(self.ran[index]).expect("who ran has a book");
            let book = &mut self.books[place];
            book.energy += rate.of(book.pending);
            book.pending = Nanoseconds::ZERO;
        }
        self.ran.clear();
    }

    /// Joules of a live cell in the windows that are over.
    pub(super) fn energy(&self, cell: CellId) -> Microjoules {
        self.place(cell).map_or(Microjoules::ZERO, |place| self.books[place].energy)
    }

    /// Closes the book of a cell that is over. The window that it ended in is not, so its time there is valued at `rate`.
    pub(super) fn leave(&mut self, cell: CellId, rate: Rate) -> Microjoules {
        let Ok(place) = self.place(cell) else { return Microjoules::ZERO };
        self.ran.retain(|ran| *ran != cell);
        let book = self.books.remove(place);
        book.energy + rate.of(book.pending)
    }

    fn place(&self, cell: CellId) -> Result<usize, usize> {
        self.books.binary_search_by_key(&cell, |book| book.cell)
    }
}
