DROP INDEX sellers_by_feedback;
