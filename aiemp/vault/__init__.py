"""What aiemp knows of a vault: its folders, items, frontmatter, approvals, archive and scaffold."""
