"""The right bank: reads published study cells and says what they hold. No torch, no model."""
