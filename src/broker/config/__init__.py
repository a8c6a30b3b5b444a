"""What people write, turned into frozen, validated objects."""
