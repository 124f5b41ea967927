"""Study: the cost of small differences in drawing, since ct-ich has no second reading."""
