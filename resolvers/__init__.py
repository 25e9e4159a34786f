"""How each field gets its data: dataloaders, look-ahead, paging, filtering and totals."""
