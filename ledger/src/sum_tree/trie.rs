//! The tree itself: leaves and inner nodes in two arenas, and what is dirty hashed once the root is asked for.

use maxwell_core::units::Microjoules;

use super::{Leaf, Path, Root, Step, Sums, parting, side};

/// How many leaves a tree can have: links are 32 bits, of which one says where they lead.
pub const LEAVES_MAX: usize = 1 << 31;

/// All accounts, ready to be summed and proved.
///
/// A leaf takes 152 bytes: 72 of its own and the 80 of an inner node, of which there is one less than leaves.
#[derive(Clone, Debug, Default)]
pub struct SumTree {
    top: Option<Link>,
    leaves: Vec<Hashed>,
    inner: Vec<Inner>,
}

/// A leaf with its hash in place of its digest, which nothing else needs.
#[derive(Clone, Copy, Debug)]
struct Hashed {
    key: [u8; 32],
    hash: [u8; 32],
    balance: Microjoules,
}

#[derive(Clone, Copy, Debug)]
struct Inner {
    /// What the node comes down to, unless it is dirty.
    root: Root,
    /// For the keys whose bit is zero and for those whose bit is one.
    children: [Link; 2],
    /// The first bit in which the keys below differ.
    bit: u8,
    /// Whether something below has changed since the node was hashed. Above a dirty node all are.
    dirty: bool,
}

const _: () = {
    assert!(size_of::<Hashed>() == 72, "the documentation of SumTree says what a leaf takes");
    assert!(size_of::<Inner>() == 80, "the documentation of SumTree says what an inner node takes");
};

/// Index of a node in its arena. The highest bit is set for leaves.
#[derive(Clone, Copy, Debug)]
struct Link(u32);

enum Node {
    Leaf(usize),
    Inner(usize),
}

impl Link {
    const LEAF: u32 = 1 << 31;

    const fn to_leaf(index: usize) -> Self {
        assert!(index < LEAVES_MAX, "a sum tree is full: it takes at most 2147483648 leaves");
        Self(index as u32 | Self::LEAF)
    }

    /// There are fewer inner nodes than leaves, so the limit of those holds here too.
    const fn to_inner(index: usize) -> Self {
        assert!(index < LEAVES_MAX, "a sum tree is full: it takes at most 2147483648 leaves");
        Self(index as u32)
    }

    const fn node(self) -> Node {
        let index = (self.0 & !Self::LEAF) as usize;
        if self.0 & Self::LEAF == 0 { Node::Inner(index) } else { Node::Leaf(index) }
    }
}

impl From<Leaf> for Hashed {
    fn from(leaf: Leaf) -> Self {
        Self { key: leaf.key, hash: Root::of_leaf(&leaf).hash, balance: leaf.balance }
    }
}

impl SumTree {
    /// A tree without leaves.
    pub const fn new() -> Self {
        Self { top: None, leaves: Vec::new(), inner: Vec::new() }
    }

    /// A tree of many leaves, in any order; those that come sorted by key are not sorted again. It is the same tree that
    /// [`Self::set`] makes of them, with nodes that are near in the tree near in memory.
    ///
    /// # Panics
    /// When two leaves have one key: then an account would count twice, or one of its balances would be lost.
    pub fn with_leaves(leaves: impl Iterator<Item = Leaf>) -> Self {
        let mut leaves: Vec<Hashed> = leaves.map(Hashed::from).collect();
        leaves.sort_by_key(|leaf| leaf.key);
        if let Some(twice) = leaves.windows(2).find(|pair| pair[0].key == pair[1].key) {
            panic!("two leaves of a sum tree have the key {:02x?}: an account has one balance", twice[0].key);
        }
        let inner = Vec::with_capacity(leaves.len().saturating_sub(1));
        let mut tree = Self { top: None, leaves, inner };
        if !tree.leaves.is_empty() {
            tree.top = Some(tree.join(0, tree.leaves.len()));
        }
        tree
    }

    /// How many leaves there are.
    pub const fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there is no leaf.
    pub const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Puts a leaf in, or in the place of the one with its key. Hashes the leaf and nothing else.
    ///
    /// # Panics
    /// When there are [`LEAVES_MAX`] leaves already.
    pub fn set(&mut self, leaf: Leaf) {
        let Some(nearest) = self.nearest(&leaf.key) else {
            self.top = Some(self.push_leaf(leaf));
            return;
        };
        let Some(bit) = parting(&self.leaves[nearest].key, &leaf.key) else {
            self.mark_dirty(&leaf.key, None);
            self.leaves[nearest] = leaf.into();
            return;
        };
        let (above, below) = self.mark_dirty(&leaf.key, Some(bit));
        let mut children = [below; 2];
        children[side(&leaf.key, bit)] = self.push_leaf(leaf);
        let added = self.push_inner(bit, children);
        match above {
            Some((index, side)) => self.inner[index].children[side] = added,
            None => self.top = Some(added),
        }
    }

    /// The hash and the sums of all leaves. Hashes only what lies between the root and leaves that were set since.
    pub fn root(&mut self) -> Root {
        self.top.map_or_else(Root::empty, |top| self.refresh(top))
    }

    /// The path of the leaf with this key, if there is one; it leads to [`Self::root`].
    pub fn prove(&mut self, key: &[u8; 32]) -> Option<Path> {
        let nearest = self.nearest(key)?;
        if self.leaves[nearest].key != *key {
            return None;
        }
        self.root();
        let mut steps = Vec::new();
        let mut link = self.top?;
        while let Node::Inner(index) = link.node() {
            let Inner { bit, children, .. } = self.inner[index];
            let side = side(key, bit);
            steps.push(Step { bit, sibling: self.known(children[1 - side]) });
            link = children[side];
        }
        steps.reverse();
        Some(Path { steps })
    }

    /// The leaf to which the bits of a key lead. No other shares a longer beginning with the key.
    fn nearest(&self, key: &[u8; 32]) -> Option<usize> {
        let mut link = self.top?;
        loop {
            match link.node() {
                Node::Leaf(index) => return Some(index),
                Node::Inner(index) => {
                    let node = &self.inner[index];
                    link = node.children[side(key, node.bit)];
                }
            }
        }
    }

    /// Marks the nodes on the way of a key, down to the leaf or to where a node that parts at `until` belongs. Returns
    /// the last that was marked, with the side on which the way leaves it, and what lies there now.
    fn mark_dirty(&mut self, key: &[u8; 32], until: Option<u8>) -> (Option<(usize, usize)>, Link) {
        let mut above = None;
        let mut link = self.top.expect("only a tree with leaves has ways");
        while let Node::Inner(index) = link.node() {
            let node = &mut self.inner[index];
            if until.is_some_and(|until| node.bit > until) {
                break;
            }
            node.dirty = true;
            let side = side(key, node.bit);
            above = Some((index, side));
            link = node.children[side];
        }
        (above, link)
    }

    /// Joins the leaves from `start` up to `end`, which are sorted and not yet below any node. Each call parts them at a
    /// later bit, so it calls itself at most 256 deep.
    fn join(&mut self, start: usize, end: usize) -> Link {
        let leaves = &self.leaves[start..end];
        let Some(bit) = parting(&leaves[0].key, &leaves[leaves.len() - 1].key) else {
            return Link::to_leaf(start);
        };
        let middle = start + leaves.partition_point(|leaf| side(&leaf.key, bit) == 0);
        let children = [self.join(start, middle), self.join(middle, end)];
        self.push_inner(bit, children)
    }

    /// Hashes what is dirty below a link, at most 256 deep: bits rise on the way down.
    fn refresh(&mut self, link: Link) -> Root {
        if let Node::Inner(index) = link.node()
            && self.inner[index].dirty
        {
            let Inner { bit, children, .. } = self.inner[index];
            let [zero, one] = children.map(|child| self.refresh(child));
            let root = Root::of_both(bit, [&zero, &one]).expect("sums of the largest tree are not refused");
            self.inner[index].root = root;
            self.inner[index].dirty = false;
        }
        self.known(link)
    }

    /// What a clean node comes down to.
    fn known(&self, link: Link) -> Root {
        match link.node() {
            Node::Leaf(index) => {
                let Hashed { hash, balance, .. } = self.leaves[index];
                Root { hash, sums: Sums::of(balance) }
            }
            Node::Inner(index) => self.inner[index].root,
        }
    }

    fn push_leaf(&mut self, leaf: Leaf) -> Link {
        let link = Link::to_leaf(self.leaves.len());
        self.leaves.push(leaf.into());
        link
    }

    fn push_inner(&mut self, bit: u8, children: [Link; 2]) -> Link {
        let link = Link::to_inner(self.inner.len());
        let root = Root { hash: [0; 32], sums: Sums::default() };
        self.inner.push(Inner { root, children, bit, dirty: true });
        link
    }
}
