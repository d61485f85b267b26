pub struct MiniStack;
