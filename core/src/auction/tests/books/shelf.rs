//! What the oracles share: orders by name, each with the turn that it drew. Names are never used again.

use crate::auction::book::{BookError, Order, OrderId};

/// Orders by the number in their name.
#[derive(Default)]
pub(super) struct Shelf {
    orders: Vec<Option<(Order, u64)>>,
    capacity: usize,
    turns: u64,
    now: u64,
}

impl Shelf {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    pub(super) fn begin(&mut self, tick: u64) {
        self.now = tick;
        for place in &mut self.orders {
            *place = place.filter(|(order, _)| !order.is_over(tick));
        }
    }

    pub(super) fn enter(&mut self, order: Order) -> Result<OrderId, BookError> {
        let order = order.on_grid(self.now)?;
        if self.all().len() == self.capacity {
            return Err(BookError::Full { capacity: self.capacity });
        }
        self.turns += 1;
        self.orders.push(Some((order, self.turns)));
        Ok(OrderId { index: self.orders.len() as u32 - 1, generation: 1 })
    }

    pub(super) fn change(&mut self, id: OrderId, order: Order) -> Result<(), BookError> {
        let order = order.on_grid(self.now)?;
        self.place(id)?.0 = order;
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: OrderId) -> Result<(), BookError> {
        self.place(id)?;
        self.orders[id.index as usize] = None;
        Ok(())
    }

    pub(super) fn ran(&mut self, id: OrderId) -> Result<(), BookError> {
        let turn = self.turns + 1;
        self.place(id)?.1 = turn;
        self.turns = turn;
        Ok(())
    }

    /// The order of this name and its turn.
    pub(super) fn get(&self, id: OrderId) -> Option<(Order, u64)> {
        self.orders.get(id.index as usize).copied().flatten()
    }

    /// Every order with its name and its turn.
    pub(super) fn all(&self) -> Vec<(OrderId, Order, u64)> {
        let named = self.orders.iter().enumerate();
        named
            .filter_map(|(index, place)| {
                place.map(|(order, turn)| (OrderId { index: index as u32, generation: 1 }, order, turn))
            })
            .collect()
    }

    fn place(&mut self, id: OrderId) -> Result<&mut (Order, u64), BookError> {
        let place = self.orders.get_mut(id.index as usize);
        place.and_then(Option::as_mut).ok_or(BookError::Stale(id))
    }
}
